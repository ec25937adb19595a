namespace ContainerApi.Api;

/// <summary>The map from errors to HTTP statuses.</summary>
internal static class ErrorStatus
{
    private static readonly Dictionary<ErrorCode, int> Statuses = new()
    {
        [ErrorCode.InvalidRequest] = StatusCodes.Status400BadRequest,
        [ErrorCode.InvalidReference] = StatusCodes.Status400BadRequest,
        [ErrorCode.InvalidDockerfile] = StatusCodes.Status400BadRequest,
        [ErrorCode.InvalidContext] = StatusCodes.Status400BadRequest,
        [ErrorCode.Unauthenticated] = StatusCodes.Status401Unauthorized,
        [ErrorCode.Forbidden] = StatusCodes.Status403Forbidden,
        [ErrorCode.ContextPathNotAllowed] = StatusCodes.Status403Forbidden,
        [ErrorCode.RemoteContextNotAllowed] = StatusCodes.Status403Forbidden,
        [ErrorCode.NotFound] = StatusCodes.Status404NotFound,
        [ErrorCode.ContainerNotFound] = StatusCodes.Status404NotFound,
        [ErrorCode.ImageNotFound] = StatusCodes.Status404NotFound,
        [ErrorCode.BuildNotFound] = StatusCodes.Status404NotFound,
        [ErrorCode.EngineNotFound] = StatusCodes.Status404NotFound,
        [ErrorCode.SourceNotFound] = StatusCodes.Status404NotFound,
        [ErrorCode.MethodNotAllowed] = StatusCodes.Status405MethodNotAllowed,
        [ErrorCode.NotAcceptable] = StatusCodes.Status406NotAcceptable,
        [ErrorCode.RequestTimeout] = StatusCodes.Status408RequestTimeout,
        [ErrorCode.Conflict] = StatusCodes.Status409Conflict,
        [ErrorCode.NameInUse] = StatusCodes.Status409Conflict,
        [ErrorCode.ContainerNotRunning] = StatusCodes.Status409Conflict,
        [ErrorCode.ContextTooLarge] = StatusCodes.Status413PayloadTooLarge,
        [ErrorCode.RequestTooLarge] = StatusCodes.Status413PayloadTooLarge,
        [ErrorCode.UnsupportedMediaType] = StatusCodes.Status415UnsupportedMediaType,
        [ErrorCode.BuildFailed] = StatusCodes.Status422UnprocessableEntity,
        [ErrorCode.FeatureUnsupported] = StatusCodes.Status422UnprocessableEntity,
        [ErrorCode.TooManyBuilds] = StatusCodes.Status429TooManyRequests,
        [ErrorCode.RateLimited] = StatusCodes.Status429TooManyRequests,
        [ErrorCode.Internal] = StatusCodes.Status500InternalServerError,
        [ErrorCode.EngineError] = StatusCodes.Status502BadGateway,
        [ErrorCode.EngineUnavailable] = StatusCodes.Status503ServiceUnavailable,
        [ErrorCode.EngineTimeout] = StatusCodes.Status504GatewayTimeout,
    };

    extension(ErrorCode code)
    {
        public int Status => Statuses[code];

        /// <summary>The problem's <c>type</c>: a stable URN that cannot be fetched.</summary>
        public string Type => "urn:containerapi:problem:" + code.Code;
    }
}
