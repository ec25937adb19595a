namespace ContainerApi.Engine;

/// <summary>The kind of an engine call's failure.</summary>
internal enum EngineErrorKind
{
    /// <summary>No engine with this name is configured.</summary>
    EngineNotFound,

    /// <summary>The container does not exist (HTTP 404).</summary>
    ContainerNotFound,

    /// <summary>The image does not exist (HTTP 404).</summary>
    ImageNotFound,

    /// <summary>Another object does not exist, for example a network (HTTP 404).</summary>
    NotFound,

    /// <summary>The name is already in use (HTTP 409).</summary>
    NameInUse,

    /// <summary>The container is not running (HTTP 409).</summary>
    NotRunning,

    /// <summary>The object is in a state that forbids the call (HTTP 409).</summary>
    Conflict,

    /// <summary>The engine refuses the parameters (HTTP 400).</summary>
    Invalid,

    /// <summary>The Dockerfile is missing, empty or invalid (HTTP 400 or 500).</summary>
    InvalidDockerfile,

    /// <summary>The engine cannot read the context of a build (HTTP 400 or 500).</summary>
    InvalidContext,

    /// <summary>The engine or an authorisation plugin forbids the call (HTTP 401, 403).</summary>
    Denied,

    /// <summary>The engine does not support the call (HTTP 501).</summary>
    Unsupported,

    /// <summary>The connection failed or was lost.</summary>
    Unavailable,

    /// <summary>The engine did not answer within the timeout.</summary>
    TimedOut,

    /// <summary>The engine failed, or returned an invalid response.</summary>
    Failed,
}

/// <summary>The failure of an engine call. Its message is for clients: no path of the host, no credential.</summary>
internal sealed class EngineException(EngineErrorKind kind, string engine, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public EngineErrorKind Kind { get; } = kind;

    /// <summary>The engine's name.</summary>
    public string Engine { get; } = engine;
}
