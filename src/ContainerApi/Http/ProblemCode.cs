namespace ContainerApi.Http;

/// <summary>One row of the contract's error table: the stable code, the status it travels with, a title.</summary>
internal sealed record ProblemCode(string Code, int Status, string Title)
{
    public static readonly ProblemCode InvalidRequest = new("invalid_request", 400, "The request is not valid.");
    public static readonly ProblemCode InvalidReference = new("invalid_reference", 400, "An image reference is not valid.");
    public static readonly ProblemCode InvalidDockerfile = new("invalid_dockerfile", 400, "The Dockerfile cannot be used.");
    public static readonly ProblemCode InvalidContext = new("invalid_context", 400, "The build context cannot be used.");
    public static readonly ProblemCode Unauthenticated = new("unauthenticated", 401, "Who you are is not known.");
    public static readonly ProblemCode Forbidden = new("forbidden", 403, "This is not allowed.");
    public static readonly ProblemCode ContextPathNotAllowed = new("context_path_not_allowed", 403, "The path is outside the configured context roots.");
    public static readonly ProblemCode RemoteContextNotAllowed = new("remote_context_not_allowed", 403, "Remote contexts are not allowed.");
    public static readonly ProblemCode NotFound = new("not_found", 404, "What the request names does not exist.");
    public static readonly ProblemCode ContainerNotFound = new("container_not_found", 404, "No such container.");
    public static readonly ProblemCode ImageNotFound = new("image_not_found", 404, "No such image.");
    public static readonly ProblemCode BuildNotFound = new("build_not_found", 404, "No such build.");
    public static readonly ProblemCode EngineNotFound = new("engine_not_found", 404, "No such engine.");
    public static readonly ProblemCode SourceNotFound = new("source_not_found", 404, "Neither a build directory nor a container has this name.");
    public static readonly ProblemCode MethodNotAllowed = new("method_not_allowed", 405, "This address does not take this method.");
    public static readonly ProblemCode NotAcceptable = new("not_acceptable", 406, "None of the accepted media types can be had here.");
    public static readonly ProblemCode RequestTimeout = new("request_timeout", 408, "The request came too slowly.");
    public static readonly ProblemCode Conflict = new("conflict", 409, "The state of the object forbids this.");
    public static readonly ProblemCode NameInUse = new("name_in_use", 409, "The name is taken.");
    public static readonly ProblemCode ContainerNotRunning = new("container_not_running", 409, "The container does not run.");
    public static readonly ProblemCode ContextTooLarge = new("context_too_large", 413, "The build context is larger than allowed.");
    public static readonly ProblemCode RequestTooLarge = new("request_too_large", 413, "The request is larger than allowed.");
    public static readonly ProblemCode UnsupportedMediaType = new("unsupported_media_type", 415, "The content type is not one this address takes.");
    public static readonly ProblemCode BuildFailed = new("build_failed", 422, "The build failed.");
    public static readonly ProblemCode FeatureUnsupported = new("feature_unsupported", 422, "The engine cannot do this.");
    public static readonly ProblemCode TooManyBuilds = new("too_many_builds", 429, "Too many builds wait already.");
    public static readonly ProblemCode RateLimited = new("rate_limited", 429, "Too many requests.");
    public static readonly ProblemCode Internal = new("internal_error", 500, "The service failed.");
    public static readonly ProblemCode EngineError = new("engine_error", 502, "The engine failed.");
    public static readonly ProblemCode EngineUnavailable = new("engine_unavailable", 503, "The engine cannot be reached.");
    public static readonly ProblemCode EngineTimeout = new("engine_timeout", 504, "The engine did not answer in time.");

    /// <summary>Every code, for the OpenAPI document and for looking one up by name. The first of a status is what the framework means by it.</summary>
    public static readonly IReadOnlyList<ProblemCode> All =
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
