using ContainerApi.Api;
using ContainerApi.Api.Lists;

namespace ContainerApi.Builds;

/// <summary>State of one build, without build arguments and secrets.</summary>
public sealed record Build : IRow<Build>
{
    static ColumnSet<Build> IRow<Build>.Columns => BuildColumns.Set;

    /// <summary>26 characters, sorted by time.</summary>
    public required string Id { get; init; }

    /// <summary>State of the build.</summary>
    public required BuildState State { get; init; }

    /// <summary>Name of the engine.</summary>
    public required string Engine { get; init; }

    /// <summary>The builder: <c>classic</c>, <c>buildkit</c>, or <c>podman</c> on Podman; null until the build starts.</summary>
    public string? Builder { get; init; }

    /// <summary>The requested references.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Position in the queue, from 1; null when the build is not queued.</summary>
    public int? QueuePosition { get; init; }

    /// <summary><c>sha256:</c> and 64 hex digits; null when there is no image.</summary>
    public string? ImageId { get; init; }

    /// <summary>The owner of the build: `key:NAME` or `jwt:ISSUER:SUBJECT`; null when the caller is anonymous.</summary>
    public string? StartedBy { get; init; }

    /// <summary>When the build was requested.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the build left the queue; null while it is queued.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the build ended; null before that, and when it was interrupted.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Duration from the request to the end; null until the build ends.</summary>
    public long? DurationMs { get; init; }

    /// <summary>Why the build failed; null when it succeeded or has not ended.</summary>
    public BuildError? Error { get; init; }

    /// <summary>The warnings of the builder, at most 100.</summary>
    public IReadOnlyList<Warning> Warnings { get; init; } = [];

    /// <summary>Number of events so far.</summary>
    public long EventCount { get; init; }

    internal bool IsEnded => State is not (BuildState.Queued or BuildState.Running);

    /// <summary>Returns the result event when the stored one is lost.</summary>
    internal ResultEvent ToResult() => new(
        State switch
        {
            BuildState.Succeeded => StreamOutcome.Succeeded,
            BuildState.Cancelled => StreamOutcome.Cancelled,
            BuildState.Interrupted => StreamOutcome.Interrupted,
            _ => StreamOutcome.Failed,
        },
        Id, Engine, ImageId, ImageId is null ? [] : Tags, DurationMs, Error);
}

/// <summary>A warning of the builder.</summary>
/// <param name="Line">Line of the Dockerfile; null when not reported.</param>
/// <param name="Url">A page that explains the warning; null when not reported.</param>
public sealed record Warning(string Text, int? Line, string? Url);

/// <summary>State of a build.</summary>
public enum BuildState
{
    /// <summary>The build waits in the queue.</summary>
    Queued,

    /// <summary>The engine builds.</summary>
    Running,

    /// <summary>The image exists.</summary>
    Succeeded,

    /// <summary>The build failed or exceeded its timeout.</summary>
    Failed,

    /// <summary>The build was stopped: on request, because its client disconnected, or because the service stopped.</summary>
    Cancelled,

    /// <summary>The service ended unexpectedly while the build was queued or running.</summary>
    Interrupted,
}

/// <summary>A page of builds.</summary>
/// <param name="Items">The builds of this page, in the order of <c>sort</c>.</param>
/// <param name="Total">The number of matching builds on all pages.</param>
/// <param name="NextCursor">Value of <c>cursor</c> for the next page; null on the last page.</param>
/// <param name="Complete">Whether every replica of the cluster answered; the service itself keeps its builds.</param>
public sealed record BuildList(IReadOnlyList<Build> Items, int Total, string? NextCursor, bool Complete) : IListDocument;
