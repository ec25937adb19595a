using System.Text.Json.Serialization;

namespace ContainerApi.Builds;

/// <summary>
/// One line of a build's stream. The first event is <c>started</c>, or <c>queued</c> when the build must wait. The last event is the
/// only <c>result</c>; a stream without it is incomplete.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(QueuedEvent), "queued")]
[JsonDerivedType(typeof(StartedEvent), "started")]
[JsonDerivedType(typeof(StepEvent), "step")]
[JsonDerivedType(typeof(LogEvent), "log")]
[JsonDerivedType(typeof(ProgressEvent), "progress")]
[JsonDerivedType(typeof(WarningEvent), "warning")]
[JsonDerivedType(typeof(HeartbeatEvent), "heartbeat")]
[JsonDerivedType(typeof(ResultEvent), "result")]
public abstract record BuildEvent
{
    /// <summary>Number of the event in the build's stream, from 0; null on events that are not stored, such as <c>heartbeat</c>.</summary>
    [JsonPropertyOrder(-1)]
    public long? Seq { get; init; }
}

/// <summary>The build is queued. Sent again whenever its position changes.</summary>
/// <param name="BuildId">Id of the build: 26 characters that sort by time.</param>
/// <param name="Engine">Name of the engine.</param>
/// <param name="Position">Position in the queue, from 1.</param>
public sealed record QueuedEvent(string BuildId, string Engine, int Position, DateTimeOffset At) : BuildEvent;

/// <summary>The engine has started to read the context or to build.</summary>
/// <param name="BuildId">Id of the build: 26 characters that sort by time.</param>
/// <param name="Engine">Name of the engine.</param>
/// <param name="Builder">The builder: <c>classic</c>, <c>buildkit</c>, or <c>podman</c> on Podman.</param>
public sealed record StartedEvent(string BuildId, string Engine, string Builder, DateTimeOffset At) : BuildEvent;

/// <summary>A step started or completed. The <c>result</c> names a step that failed.</summary>
/// <param name="Id">Id of the step within the build.</param>
/// <param name="Number">Number of the step in the Dockerfile, from 1; null when the builder does not report it.</param>
/// <param name="Total">Number of steps; null when the builder does not report it.</param>
/// <param name="Name">The instruction, with the names of build arguments in place of their values.</param>
/// <param name="Cached">Whether the result came from the cache; null when the step started.</param>
/// <param name="DurationMs">Duration of the step; null when the step started.</param>
public sealed record StepEvent(
    string Id, int? Number, int? Total, string Name, StepState State, bool? Cached, long? DurationMs, DateTimeOffset At) : BuildEvent;

/// <summary>State of a step.</summary>
public enum StepState
{
    /// <summary>The step started.</summary>
    Started,

    /// <summary>The step completed.</summary>
    Completed,
}

/// <summary>Output of a step, in whole lines; only the last line may lack its line break.</summary>
/// <param name="Step">Id of the step; null for output outside of steps.</param>
/// <param name="Stream"><c>stdout</c> or <c>stderr</c>.</param>
public sealed record LogEvent(string? Step, string Stream, string Text) : BuildEvent
{
    /// <summary>When the first line was printed.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>Progress of a transfer: of the context to the engine, or in a step, such as a layer of the base image.</summary>
/// <param name="Step">Id of the step; null for the context.</param>
/// <param name="Id">Id of the transferred object; <c>context</c> for the context.</param>
/// <param name="Status">The builder's status text; <c>sending</c> or <c>sent</c> for the context.</param>
/// <param name="Current">Bytes transferred; null when not reported.</param>
/// <param name="Total">Bytes in total; null when not known.</param>
public sealed record ProgressEvent(string? Step, string Id, string Status, long? Current, long? Total) : BuildEvent;

/// <summary>A warning of the builder.</summary>
/// <param name="Line">Line of the Dockerfile; null when not reported.</param>
/// <param name="Url">A page that explains the warning; null when not reported.</param>
public sealed record WarningEvent(string Text, int? Line, string? Url = null) : BuildEvent;

/// <summary>No event for 15 seconds; the build continues.</summary>
public sealed record HeartbeatEvent(DateTimeOffset At) : BuildEvent;

/// <summary>The end of the build; the last event.</summary>
/// <param name="ImageId"><c>sha256:</c> and 64 hex digits; null when there is no image.</param>
/// <param name="Tags">The references that the engine gives the image; empty when the build failed.</param>
/// <param name="DurationMs">Duration from the request to the end; null when the service ended unexpectedly.</param>
/// <param name="Error">Null when the build succeeded.</param>
public sealed record ResultEvent(
    BuildOutcome State, string? ImageId, IReadOnlyList<string> Tags, long? DurationMs, BuildError? Error) : BuildEvent;

/// <summary>Outcome of a build.</summary>
public enum BuildOutcome
{
    /// <summary>The build succeeded.</summary>
    Succeeded,

    /// <summary>The build failed.</summary>
    Failed,
}

/// <summary>Why a build failed.</summary>
/// <param name="Code">
/// <c>step_failed</c>, <c>build_failed</c> (no single step failed), <c>feature_unsupported</c>, <c>timeout</c>,
/// <c>cancelled</c>, <c>interrupted</c> (the service ended unexpectedly), or the code of a problem, such as <c>invalid_context</c>.
/// </param>
/// <param name="Message">The message of the builder, or of this service.</param>
/// <param name="Step">Name of the failed step.</param>
/// <param name="ExitCode">Exit code of the command of the step; null when there is none.</param>
public sealed record BuildError(string Code, string Message, string? Step, int? ExitCode)
{
    internal static readonly ErrorCode StepFailed = new("step_failed", "A step of the build failed.");
    internal static readonly ErrorCode Timeout = new("timeout", "The build exceeded its timeout.");
    internal static readonly ErrorCode Cancelled = new("cancelled", "The build was cancelled.");
    internal static readonly ErrorCode Interrupted = new("interrupted", "The service ended unexpectedly.");

    internal BuildError(ErrorCode code, string message, string? step = null, int? exitCode = null)
        : this(code.Code, message, step, exitCode)
    {
    }

    internal static BuildError Of(EngineException exception) => new(exception.Code, exception.Message);
}
