using System.Text.Json.Serialization;
using ContainerApi.Api;
using ContainerApi.Engine;

namespace ContainerApi.Builds;

/// <summary>
/// One line of a build's stream. The first is <c>started</c>, or <c>queued</c> where the build must wait; the last and only one
/// of its type is <c>result</c>: a stream without it was cut.
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
    /// <summary>Its place in the build's stream, from 0, to go on from later; null on what is not kept, as a <c>heartbeat</c>.</summary>
    [JsonPropertyOrder(-1)]
    public long? Seq { get; init; }
}

/// <summary>The engine works at as many builds as it may; told again whenever the position changes.</summary>
/// <param name="BuildId">Names this build: 26 characters, sorted by time.</param>
/// <param name="Engine">The engine that it waits for.</param>
/// <param name="Position">Its place in the order in which the waiting builds begin, from 1.</param>
public sealed record QueuedEvent(string BuildId, string Engine, int Position, DateTimeOffset At) : BuildEvent;

/// <summary>The engine took the context and works.</summary>
/// <param name="BuildId">Names this build: 26 characters, sorted by time.</param>
/// <param name="Engine">The engine that builds.</param>
/// <param name="Builder">Which builder does: <c>classic</c>, <c>buildkit</c>, or on Podman <c>podman</c>.</param>
public sealed record StartedEvent(string BuildId, string Engine, string Builder, DateTimeOffset At) : BuildEvent;

/// <summary>A step began, or ended well. The one that fails is named by the <c>result</c>.</summary>
/// <param name="Id">Names the step within this build.</param>
/// <param name="Number">Its place in the Dockerfile, from 1; null where the builder does not say.</param>
/// <param name="Total">How many steps there are; null where the builder does not say.</param>
/// <param name="Name">The instruction; values of build arguments that BuildKit put into it stand there by name again.</param>
/// <param name="Cached">Whether its result was there already; null while it works.</param>
/// <param name="DurationMs">How long it took; null while it works.</param>
public sealed record StepEvent(
    string Id, int? Number, int? Total, string Name, StepState State, bool? Cached, long? DurationMs, DateTimeOffset At) : BuildEvent;

/// <summary>Where a step is.</summary>
public enum StepState
{
    /// <summary>It works.</summary>
    Started,

    /// <summary>It is done.</summary>
    Completed,
}

/// <summary>Text that a step printed: whole lines, but for a last one that has no end.</summary>
/// <param name="Step">The step's id; null for text between steps.</param>
/// <param name="Stream"><c>stdout</c> or <c>stderr</c>.</param>
public sealed record LogEvent(string? Step, string Stream, string Text) : BuildEvent
{
    /// <summary>When its first line was printed.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>Progress of a transfer that a step waits for, of a base image's layer say.</summary>
/// <param name="Id">What is transferred.</param>
/// <param name="Status">The builder's word for what goes on.</param>
/// <param name="Current">Bytes so far; null where not told.</param>
/// <param name="Total">Bytes in all; null where not known.</param>
public sealed record ProgressEvent(string? Step, string Id, string Status, long? Current, long? Total) : BuildEvent;

/// <summary>The builder warns.</summary>
/// <param name="Line">The Dockerfile's line that is meant; null where not told.</param>
public sealed record WarningEvent(string Text, int? Line) : BuildEvent;

/// <summary>Nothing was said for 15 seconds, and the build goes on.</summary>
public sealed record HeartbeatEvent(DateTimeOffset At) : BuildEvent;

/// <summary>How it ended: the last line.</summary>
/// <param name="ImageId"><c>sha256:</c> and 64 hex digits; null where it failed.</param>
/// <param name="Tags">The references that name the image now.</param>
/// <param name="DurationMs">From the request to the end; null where the service died meanwhile.</param>
/// <param name="Error">Null where it succeeded.</param>
public sealed record ResultEvent(
    BuildOutcome State, string? ImageId, IReadOnlyList<string> Tags, long? DurationMs, BuildError? Error) : BuildEvent;

/// <summary>How a build ended.</summary>
public enum BuildOutcome
{
    /// <summary>The image is there.</summary>
    Succeeded,

    /// <summary>It is not.</summary>
    Failed,
}

/// <summary>Why there is no image.</summary>
/// <param name="Code">
/// <c>step_failed</c>, <c>build_failed</c> (no one step is to blame), <c>feature_unsupported</c>, <c>timeout</c>,
/// <c>cancelled</c>, <c>interrupted</c> (the service died), or the code of a problem: <c>invalid_context</c>, <c>engine_error</c>, <c>engine_unavailable</c> …
/// </param>
/// <param name="Message">In the builder's words where it failed the build.</param>
/// <param name="Step">The name of the step that failed.</param>
/// <param name="ExitCode">What its command returned; null where none did.</param>
public sealed record BuildError(string Code, string Message, string? Step, int? ExitCode)
{
    internal const string Cancelled = "cancelled";

    internal static BuildError Of(EngineException exception) => new(Problems.CodeOf(exception.Kind).Code, exception.Message, null, null);
}
