using System.Reflection;

namespace ContainerApi.Errors;

/// <summary>An error of the contract: a stable code and its title. <c>Api/ErrorStatus</c> maps it to an HTTP status.</summary>
internal sealed record ErrorCode(string Code, string Title)
{
    public static readonly ErrorCode InvalidRequest = new("invalid_request", "The request is invalid.");
    public static readonly ErrorCode InvalidReference = new("invalid_reference", "An image reference is invalid.");
    public static readonly ErrorCode EngineRequired = new("engine_required", "The request must name an engine.");
    public static readonly ErrorCode InvalidDockerfile = new("invalid_dockerfile", "The Dockerfile is invalid.");
    public static readonly ErrorCode InvalidContext = new("invalid_context", "The build context is invalid.");
    public static readonly ErrorCode InvalidArchive = new("invalid_archive", "The archive is invalid.");
    public static readonly ErrorCode Unauthenticated = new("unauthenticated", "Authentication required.");
    public static readonly ErrorCode Forbidden = new("forbidden", "Access denied.");
    public static readonly ErrorCode RegistryUnauthorized = new("registry_unauthorized", "The registry refuses the credentials, or needs some.");
    public static readonly ErrorCode ContextPathNotAllowed = new("context_path_not_allowed", "The path is outside the configured context roots.");
    public static readonly ErrorCode RemoteContextNotAllowed = new("remote_context_not_allowed", "Remote contexts are not allowed.");
    public static readonly ErrorCode NotFound = new("not_found", "Not found.");
    public static readonly ErrorCode ContainerNotFound = new("container_not_found", "No such container.");
    public static readonly ErrorCode ImageNotFound = new("image_not_found", "No such image.");
    public static readonly ErrorCode BuildNotFound = new("build_not_found", "No such build.");
    public static readonly ErrorCode EngineNotFound = new("engine_not_found", "No such engine.");
    public static readonly ErrorCode SourceNotFound = new("source_not_found", "No build directory and no container has this name.");
    public static readonly ErrorCode MethodNotAllowed = new("method_not_allowed", "This path does not support the method.");
    public static readonly ErrorCode NotAcceptable = new("not_acceptable", "None of the accepted media types is available.");
    public static readonly ErrorCode RequestTimeout = new("request_timeout", "The request body arrived too slowly.");
    public static readonly ErrorCode Conflict = new("conflict", "The object's state does not allow this.");
    public static readonly ErrorCode NameInUse = new("name_in_use", "The name is already in use.");
    public static readonly ErrorCode AmbiguousReference = new("ambiguous_reference", "The reference matches more than one object.");
    public static readonly ErrorCode ContainerRunning = new("container_running", "The container is running.");
    public static readonly ErrorCode ContainerNotRunning = new("container_not_running", "The container is not running.");
    public static readonly ErrorCode PortInUse = new("port_in_use", "A port of the host is already in use.");
    public static readonly ErrorCode ImageInUse = new("image_in_use", "The image is in use.");
    public static readonly ErrorCode BuildRunning = new("build_running", "The build has not ended.");
    public static readonly ErrorCode IdempotencyKeyInUse = new("idempotency_key_in_use", "The request with this key is still being executed.");
    public static readonly ErrorCode RequestTooLarge = new("request_too_large", "The request is too large.");
    public static readonly ErrorCode ContextTooLarge = new("context_too_large", "The build context is too large.");
    public static readonly ErrorCode UnsupportedMediaType = new("unsupported_media_type", "The content type is not supported.");
    public static readonly ErrorCode BuildFailed = new("build_failed", "The build failed.");
    public static readonly ErrorCode FeatureUnsupported = new("feature_unsupported", "The engine does not support this.");
    public static readonly ErrorCode IdempotencyKeyReused = new("idempotency_key_reused", "The key belongs to another request.");
    public static readonly ErrorCode RateLimited = new("rate_limited", "Too many requests.");
    public static readonly ErrorCode TooManyBuilds = new("too_many_builds", "The build queue is full.");
    public static readonly ErrorCode Internal = new("internal_error", "Internal error.");
    public static readonly ErrorCode EngineError = new("engine_error", "The engine failed.");
    public static readonly ErrorCode EngineUnavailable = new("engine_unavailable", "The engine is unreachable.");
    public static readonly ErrorCode RegistryUnavailable = new("registry_unavailable", "The registry is unreachable or fails.");
    public static readonly ErrorCode InsufficientStorage = new("insufficient_storage", "The service has no space left for temporary files.");
    public static readonly ErrorCode EngineTimeout = new("engine_timeout", "The engine did not respond in time.");

    public static readonly IReadOnlyList<ErrorCode> All =
    [
        .. typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => f.GetValue(null)).OfType<ErrorCode>(),
    ];

    public override string ToString() => Code;

    /// <summary>Returns the error with this code, or null.</summary>
    public static ErrorCode? Find(string? code) => All.FirstOrDefault(c => c.Code == code);
}

/// <summary>Metadata of an endpoint: errors that its response can have. Several of them add up.</summary>
internal sealed record ErrorCodes(params IReadOnlyList<ErrorCode> Codes);
