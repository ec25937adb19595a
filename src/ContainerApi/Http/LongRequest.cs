namespace ContainerApi.Http;

/// <summary>Says that a request to an endpoint may last: a stream, a transfer, what the engine takes its time for. It has limits of its own.</summary>
internal sealed class LongRequest
{
    /// <summary>The name of the deadline that these have.</summary>
    public const string Deadline = "long";

    public static readonly LongRequest Mark = new();
}

internal static class LongRequestExtensions
{
    public static RouteHandlerBuilder TakesLong(this RouteHandlerBuilder builder)
    {
        builder.WithRequestTimeout(LongRequest.Deadline);
        return builder.WithMetadata(LongRequest.Mark);
    }
}
