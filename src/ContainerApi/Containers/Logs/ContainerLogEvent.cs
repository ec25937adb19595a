using System.Text.Json.Serialization;
using ContainerApi.Api;

namespace ContainerApi.Containers.Logs;

/// <summary>One event of <c>GET /logs</c> and <c>GET /containers/{container}/logs</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ContainerLogLine), "line")]
[JsonDerivedType(typeof(ContainerLogEnded), "ended")]
[JsonDerivedType(typeof(ContainerLogUnreadable), "unreadable")]
[JsonDerivedType(typeof(ContainerLogEngine), "engine")]
[JsonDerivedType(typeof(ContainerLogHeartbeat), "heartbeat")]
[JsonDerivedType(typeof(ContainerLogResult), "result")]
public abstract record ContainerLogEvent : StreamEvent;

/// <summary>The output that a line was written to. A container with a terminal has <c>stdout</c> only.</summary>
public enum ContainerOutput
{
    /// <summary>Standard output.</summary>
    Stdout,

    /// <summary>Standard error.</summary>
    Stderr,
}

/// <summary>A line of a container's log. <c>at</c> is the engine's time of the line, in nanoseconds.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="ContainerId">64 hex digits.</param>
/// <param name="Name">The name of the container.</param>
/// <param name="Output">The output.</param>
/// <param name="Text">The text without the end of the line, with the escape sequences of terminals. A line above 1 MiB is several lines
/// with the same <c>at</c>.</param>
public sealed record ContainerLogLine(
    string Engine, string ContainerId, [property: JsonRequired] string? Name, ContainerOutput Output, string Text) : ContainerLogEvent;

/// <summary>A followed container stopped or was removed. If it starts again, its lines follow.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="ContainerId">64 hex digits.</param>
/// <param name="Name">The name of the container.</param>
/// <param name="ExitCode">The exit code of the container's process; null where unknown, as for a removed container.</param>
public sealed record ContainerLogEnded(
    string Engine, string ContainerId, [property: JsonRequired] string? Name, [property: JsonRequired] long? ExitCode) : ContainerLogEvent;

/// <summary>A container whose log cannot be read, or not to its end. The other containers are not affected.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="ContainerId">64 hex digits.</param>
/// <param name="Name">The name of the container.</param>
/// <param name="Error">Why, for example <c>feature_unsupported</c> for a log driver that cannot be read.</param>
public sealed record ContainerLogUnreadable(
    string Engine, string ContainerId, [property: JsonRequired] string? Name, ErrorInfo Error) : ContainerLogEvent;

/// <summary>An engine that does not answer, or answers again. Its containers then continue without a loss.</summary>
/// <param name="Engine">The engine.</param>
public sealed record ContainerLogEngine(EngineReport Engine) : ContainerLogEvent;

/// <summary>Sent after 15 s of silence.</summary>
public sealed record ContainerLogHeartbeat : ContainerLogEvent;

/// <summary>The last event.</summary>
/// <param name="State"><c>succeeded</c>: all lines were sent. <c>failed</c>: the engine failed. <c>interrupted</c>: the service ended the
/// stream, which can be resumed.</param>
/// <param name="Lines">The number of lines in this response.</param>
/// <param name="Complete">Whether every engine answered and every container was read to its end.</param>
/// <param name="Error">Why the stream did not succeed, or null.</param>
public sealed record ContainerLogResult(
    StreamOutcome State, long Lines, bool Complete, [property: JsonRequired] ErrorInfo? Error) : ContainerLogEvent;
