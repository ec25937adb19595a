namespace ContainerApi.Errors;

/// <summary>One row of the contract's error table: the stable code, the status it travels with, a title.</summary>
internal sealed record ErrorCode(string Code, int Status, string Title)
{
    public static readonly ErrorCode InvalidRequest = new("invalid_request", 400, "The request is not valid.");
    public static readonly ErrorCode InvalidReference = new("invalid_reference", 400, "An image reference is not valid.");
    public static readonly ErrorCode InvalidDockerfile = new("invalid_dockerfile", 400, "The Dockerfile cannot be used.");
    public static readonly ErrorCode InvalidContext = new("invalid_context", 400, "The build context cannot be used.");
    public static readonly ErrorCode Unauthenticated = new("unauthenticated", 401, "Who you are is not known.");
    public static readonly ErrorCode Forbidden = new("forbidden", 403, "This is not allowed.");
    public static readonly ErrorCode ContextPathNotAllowed = new("context_path_not_allowed", 403, "The path is outside the configured context roots.");
    public static readonly ErrorCode RemoteContextNotAllowed = new("remote_context_not_allowed", 403, "Remote contexts are not allowed.");
    public static readonly ErrorCode NotFound = new("not_found", 404, "What the request names does not exist.");
    public static readonly ErrorCode ContainerNotFound = new("container_not_found", 404, "No such container.");
    public static readonly ErrorCode ImageNotFound = new("image_not_found", 404, "No such image.");
    public static readonly ErrorCode BuildNotFound = new("build_not_found", 404, "No such build.");
    public static readonly ErrorCode EngineNotFound = new("engine_not_found", 404, "No such engine.");
    public static readonly ErrorCode SourceNotFound = new("source_not_found", 404, "Neither a build directory nor a container has this name.");
    public static readonly ErrorCode MethodNotAllowed = new("method_not_allowed", 405, "This address does not take this method.");
    public static readonly ErrorCode NotAcceptable = new("not_acceptable", 406, "None of the accepted media types can be had here.");
    public static readonly ErrorCode RequestTimeout = new("request_timeout", 408, "The request came too slowly.");
    public static readonly ErrorCode Conflict = new("conflict", 409, "The state of the object forbids this.");
    public static readonly ErrorCode NameInUse = new("name_in_use", 409, "The name is taken.");
    public static readonly ErrorCode ContainerNotRunning = new("container_not_running", 409, "The container does not run.");
    public static readonly ErrorCode ContextTooLarge = new("context_too_large", 413, "The build context is larger than allowed.");
    public static readonly ErrorCode RequestTooLarge = new("request_too_large", 413, "The request is larger than allowed.");
    public static readonly ErrorCode UnsupportedMediaType = new("unsupported_media_type", 415, "The content type is not one this address takes.");
    public static readonly ErrorCode BuildFailed = new("build_failed", 422, "The build failed.");
    public static readonly ErrorCode FeatureUnsupported = new("feature_unsupported", 422, "The engine cannot do this.");
    public static readonly ErrorCode TooManyBuilds = new("too_many_builds", 429, "Too many builds wait already.");
    public static readonly ErrorCode RateLimited = new("rate_limited", 429, "Too many requests.");
    public static readonly ErrorCode Internal = new("internal_error", 500, "The service failed.");
    public static readonly ErrorCode EngineError = new("engine_error", 502, "The engine failed.");
    public static readonly ErrorCode EngineUnavailable = new("engine_unavailable", 503, "The engine cannot be reached.");
    public static readonly ErrorCode EngineTimeout = new("engine_timeout", 504, "The engine did not answer in time.");

    /// <summary>Every code, for the OpenAPI document and for looking one up by name. The first of a status is what the framework means by it.</summary>
    public static readonly IReadOnlyList<ErrorCode> All =
    [
        InvalidRequest, InvalidReference, InvalidDockerfile, InvalidContext, Unauthenticated, Forbidden,
        ContextPathNotAllowed, RemoteContextNotAllowed, NotFound, ContainerNotFound, ImageNotFound, BuildNotFound,
        EngineNotFound, SourceNotFound, MethodNotAllowed, NotAcceptable, RequestTimeout, Conflict, NameInUse, ContainerNotRunning,
        RequestTooLarge, ContextTooLarge, UnsupportedMediaType, BuildFailed, FeatureUnsupported, RateLimited,
        TooManyBuilds, Internal, EngineError, EngineUnavailable, EngineTimeout,
    ];

    /// <summary>The problem's <c>type</c>: a stable address, not meant to be fetched.</summary>
    public string Type => "urn:containerapi:problem:" + Code;
}
