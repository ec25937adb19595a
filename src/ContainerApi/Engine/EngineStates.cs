namespace ContainerApi.Engine;

/// <summary>The state of an engine: <c>ok</c>, <c>unavailable</c>, <c>timeout</c> or <c>error</c>.</summary>
internal static class EngineStates
{
    public const string Ok = "ok";
    public const string Unavailable = "unavailable";
    public const string Timeout = "timeout";
    public const string Error = "error";

    public static string Of(EngineException failure) =>
        failure.Code == ErrorCode.EngineUnavailable ? Unavailable : failure.Code == ErrorCode.EngineTimeout ? Timeout : Error;
}
