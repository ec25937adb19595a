namespace ContainerApi.Engine;

/// <summary>What kind of failure an engine call ended with.</summary>
internal enum EngineErrorKind
{
    /// <summary>No engine of this name is configured.</summary>
    EngineNotFound,

    /// <summary>The container that the call names does not exist (HTTP 404).</summary>
    ContainerNotFound,

    /// <summary>The image that the call names does not exist (HTTP 404).</summary>
    ImageNotFound,

    /// <summary>Something else that the call needs does not exist, a network say (HTTP 404).</summary>
    NotFound,

    /// <summary>The wanted name belongs to another container (HTTP 409).</summary>
    NameInUse,

    /// <summary>The container has no process, and the call needs one (HTTP 409).</summary>
    NotRunning,

    /// <summary>The object is in a state that forbids the call (HTTP 409).</summary>
    Conflict,

    /// <summary>The engine refuses the parameters (HTTP 400).</summary>
    Invalid,

    /// <summary>The engine cannot use the Dockerfile of a build: it is missing, empty, or wrong (HTTP 400 or 500).</summary>
    InvalidDockerfile,

    /// <summary>The engine cannot read the context of a build (HTTP 400 or 500).</summary>
    InvalidContext,

    /// <summary>The engine or an authorisation plugin forbids the call (HTTP 401, 403).</summary>
    Denied,

    /// <summary>This engine cannot do it: too old, too new, or built without it (HTTP 501).</summary>
    Unsupported,

    /// <summary>No connection could be had, or it broke.</summary>
    Unavailable,

    /// <summary>The engine did not answer within our deadline.</summary>
    TimedOut,

    /// <summary>The engine answered with a failure of its own, or with something that is not an answer.</summary>
    Failed,
}

/// <summary>The one exception that leaves the engine room. Its message is fit for a client: no path, no credential.</summary>
internal sealed class EngineException(EngineErrorKind kind, string engine, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public EngineErrorKind Kind { get; } = kind;

    /// <summary>The name of the engine that was asked.</summary>
    public string Engine { get; } = engine;
}
