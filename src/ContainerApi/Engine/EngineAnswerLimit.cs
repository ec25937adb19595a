namespace ContainerApi.Engine;

/// <summary>The maximum size of one answer of an engine: <c>Limits:EngineAnswerBytes</c>.</summary>
internal sealed record EngineAnswerLimit(long Bytes)
{
    /// <summary>A list of 5,000 containers with 40 labels and 10 ports each has a third of the bytes and half of the values.</summary>
    public const long Default = 64 * 1024 * 1024;
}
