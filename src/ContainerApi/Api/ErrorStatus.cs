namespace ContainerApi.Api;

/// <summary>The map from errors to HTTP statuses.</summary>
internal static class ErrorStatus
{
    /// <summary>The errors of each status. The first one stands for the framework's own errors.</summary>
    private static readonly Dictionary<int, ErrorCode[]> Codes = new()
    {
        [400] =
        [
            ErrorCode.InvalidRequest, ErrorCode.InvalidReference, ErrorCode.EngineRequired, ErrorCode.InvalidDockerfile, ErrorCode.InvalidContext,
            ErrorCode.InvalidArchive,
        ],
        [401] = [ErrorCode.Unauthenticated],
        [403] = [ErrorCode.Forbidden, ErrorCode.RegistryUnauthorized, ErrorCode.ContextPathNotAllowed, ErrorCode.RemoteContextNotAllowed],
        [404] =
        [
            ErrorCode.NotFound, ErrorCode.ContainerNotFound, ErrorCode.ImageNotFound, ErrorCode.BuildNotFound, ErrorCode.EngineNotFound,
            ErrorCode.SourceNotFound,
        ],
        [405] = [ErrorCode.MethodNotAllowed],
        [406] = [ErrorCode.NotAcceptable],
        [408] = [ErrorCode.RequestTimeout],
        [409] =
        [
            ErrorCode.Conflict, ErrorCode.NameInUse, ErrorCode.AmbiguousReference, ErrorCode.ContainerRunning, ErrorCode.ContainerNotRunning,
            ErrorCode.PortInUse, ErrorCode.ImageInUse, ErrorCode.BuildRunning, ErrorCode.IdempotencyKeyInUse,
        ],
        [413] = [ErrorCode.RequestTooLarge, ErrorCode.ContextTooLarge],
        [415] = [ErrorCode.UnsupportedMediaType],
        [422] = [ErrorCode.BuildFailed, ErrorCode.FeatureUnsupported, ErrorCode.IdempotencyKeyReused],
        [429] = [ErrorCode.RateLimited, ErrorCode.TooManyBuilds],
        [500] = [ErrorCode.Internal],
        [502] = [ErrorCode.EngineError],
        [503] = [ErrorCode.EngineUnavailable, ErrorCode.RegistryUnavailable],
        [504] = [ErrorCode.EngineTimeout],
        [507] = [ErrorCode.InsufficientStorage],
    };

    private static readonly Dictionary<ErrorCode, int> Statuses =
        Codes.SelectMany(entry => entry.Value.Select(code => (Code: code, Status: entry.Key))).ToDictionary(e => e.Code, e => e.Status);

    extension(ErrorCode code)
    {
        public int Status => Statuses[code];

        /// <summary>The problem's <c>type</c>: a relative reference to its documentation, which this service serves.</summary>
        public string Type => "/problems/" + code.Code;
    }

    /// <summary>Returns the error that stands for a status of the framework.</summary>
    public static ErrorCode Find(int status) =>
        Codes.TryGetValue(status, out var codes) ? codes[0] : status < 500 ? ErrorCode.InvalidRequest : ErrorCode.Internal;
}
