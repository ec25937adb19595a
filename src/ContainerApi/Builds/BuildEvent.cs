using System.Text.Json.Serialization;
using ContainerApi.Api;
using ContainerApi.Api.Requests;

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
public abstract record BuildEvent : StreamEvent;

/// <summary>The build is queued. Sent again whenever its position changes.</summary>
/// <param name="BuildId">Id of the build: 26 characters that sort by time.</param>
/// <param name="Engine">Name of the engine.</param>
/// <param name="Position">Position in the queue, from 1.</param>
/// <param name="Action">What is queued: a build.</param>
public sealed record QueuedEvent(string BuildId, string Engine, int Position, ImageAction Action = ImageAction.Build) : BuildEvent;

/// <summary>The engine has started to read the context, to build or to commit.</summary>
/// <param name="BuildId">Id of the build: 26 characters that sort by time; null for a commit.</param>
/// <param name="Engine">Name of the engine.</param>
/// <param name="Builder">The builder: <c>classic</c>, <c>buildkit</c>, or <c>podman</c> on Podman; null for a commit.</param>
/// <param name="Action">How the image is created.</param>
public sealed record StartedEvent(string? BuildId, string Engine, string? Builder, ImageAction Action = ImageAction.Build) : BuildEvent;

/// <summary>How an image is created.</summary>
public enum ImageAction
{
    /// <summary>A context is built.</summary>
    Build,

    /// <summary>A container is committed.</summary>
    Commit,
}

/// <summary>A step started or ended. A build that is <c>interrupted</c> leaves its running steps without an end.</summary>
/// <param name="StepId">Id of the step within the build.</param>
/// <param name="Number">Number of the step in the Dockerfile, from 1; null when the builder does not report it.</param>
/// <param name="Total">Number of steps; null when the builder does not report it.</param>
/// <param name="Name">The instruction, with the names of build arguments in place of their values.</param>
/// <param name="Cached">Whether the result came from the cache; null unless the step completed.</param>
/// <param name="DurationMs">Duration of the step; null when the step started.</param>
public sealed record StepEvent(
    string StepId, int? Number, int? Total, string Name, StepState State, bool? Cached, long? DurationMs) : BuildEvent;

/// <summary>State of a step.</summary>
public enum StepState
{
    /// <summary>The step started.</summary>
    Started,

    /// <summary>The step completed.</summary>
    Completed,

    /// <summary>The step failed.</summary>
    Failed,

    /// <summary>The step was stopped: the build was cancelled, exceeded its timeout or failed elsewhere.</summary>
    Cancelled,
}

/// <summary>Output of a step, in whole lines; only the last line may lack its line break. <c>at</c> is when the first line was printed.</summary>
/// <param name="StepId">Id of the step; null for output outside of steps.</param>
/// <param name="Stream"><c>stdout</c> or <c>stderr</c>.</param>
public sealed record LogEvent(string? StepId, string Stream, string Text) : BuildEvent;

/// <summary>Progress of a transfer: of the context to the engine, or in a step, such as a layer of the base image.</summary>
/// <param name="StepId">Id of the step; null for the context.</param>
/// <param name="Layer">The layer or another object that is transferred; <c>context</c> for the context.</param>
/// <param name="Status">The builder's status text; <c>sending</c> or <c>sent</c> for the context.</param>
/// <param name="CurrentBytes">Bytes transferred; null when not reported.</param>
/// <param name="TotalBytes">Bytes in total; null when not known.</param>
public sealed record ProgressEvent(string? StepId, string Layer, string Status, long? CurrentBytes, long? TotalBytes) : BuildEvent;

/// <summary>A warning of the builder.</summary>
/// <param name="Line">Line of the Dockerfile; null when not reported.</param>
/// <param name="Url">A page that explains the warning; null when not reported.</param>
public sealed record WarningEvent(string Text, int? Line, string? Url = null) : BuildEvent;

/// <summary>No event for 15 seconds; the build continues.</summary>
public sealed record HeartbeatEvent : BuildEvent;

/// <summary>The end of the build; the last event.</summary>
/// <param name="State">The final state of the build.</param>
/// <param name="BuildId">Id of the build; null for a commit.</param>
/// <param name="Engine">Name of the engine.</param>
/// <param name="ImageId"><c>sha256:</c> and 64 hex digits; null when there is no image.</param>
/// <param name="Tags">The references that the engine gives the image; empty when there is no image. A push that failed leaves it.</param>
/// <param name="DurationMs">Duration from the request to the end; null when the service ended unexpectedly.</param>
/// <param name="Error">Null when the build succeeded.</param>
/// <param name="Digest">The digest of the manifest or index of a built image; null if the engine has none or does not say.</param>
/// <param name="Platforms">The platforms of the image, as in <c>linux/amd64</c>; null if the engine does not say.</param>
/// <param name="Attestations">
/// The digests of the manifests with attestations (provenance, SBOM), by platform; null if the engine does not say.
/// </param>
public sealed record ResultEvent(
    StreamOutcome State, string? BuildId, string Engine, string? ImageId, IReadOnlyList<string> Tags, long? DurationMs, BuildError? Error,
    string? Digest = null, IReadOnlyList<string>? Platforms = null, IReadOnlyDictionary<string, string>? Attestations = null)
    : BuildEvent;

/// <summary>Why a build failed.</summary>
/// <param name="Code">
/// <c>step_failed</c>, <c>build_failed</c> (no single step failed), <c>feature_unsupported</c>, <c>timeout</c>,
/// <c>cancelled</c>, <c>interrupted</c> (the service stopped), or the code of a problem, such as <c>invalid_context</c>.
/// </param>
/// <param name="Message">The message of the builder, or of this service.</param>
/// <param name="Step">Name of the failed step.</param>
/// <param name="ExitCode">Exit code of the command of the step; null when there is none.</param>
public sealed record BuildError(string Code, string Message, string? Step, int? ExitCode)
{
    /// <summary>The message by the field to blame, as the request names it; absent where no field is to blame.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IDictionary<string, string[]>? Errors { get; init; }

    internal static readonly ErrorCode StepFailed = new("step_failed", "A step of the build failed.");
    internal static readonly ErrorCode Timeout = new("timeout", "The build exceeded its timeout.");
    internal static readonly ErrorCode Cancelled = new("cancelled", "The build was cancelled.");
    internal static readonly ErrorCode Interrupted = new("interrupted", "The service stopped.");

    internal BuildError(ErrorCode code, string message, string? step = null, int? exitCode = null)
        : this(code.Code, message, step, exitCode)
    {
    }

    /// <param name="names">The names of the request's fields; null if it has none.</param>
    internal static BuildError Of(ApiException exception, FieldNames? names) =>
        new(exception.Code, exception.Message) { Errors = BlamedField.ErrorsOf(exception, names) };
}
