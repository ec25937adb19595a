namespace ContainerApi.Builds;

/// <summary>One build, as far as it is: never its build arguments, never a secret.</summary>
public sealed record Build
{
    /// <summary>26 characters, sorted by time.</summary>
    public required string Id { get; init; }

    /// <summary>Where it is.</summary>
    public required BuildState State { get; init; }

    /// <summary>The engine that builds.</summary>
    public required string Engine { get; init; }

    /// <summary>Which builder does: <c>classic</c>, <c>buildkit</c>, or on Podman <c>podman</c>; null until it begins.</summary>
    public string? Builder { get; init; }

    /// <summary>The references that were asked for.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>The place in the queue, from 1; null where it does not wait.</summary>
    public int? QueuePosition { get; init; }

    /// <summary><c>sha256:</c> and 64 hex digits; null while there is no image.</summary>
    public string? ImageId { get; init; }

    /// <summary>The name of the key or the token that it was asked for with; null where the caller is not known.</summary>
    public string? StartedBy { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the engine was free for it; null while it waits.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null while it works, and where the service died with it.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>From the request to the end; null while there is none.</summary>
    public long? DurationMs { get; init; }

    /// <summary>Why there is no image; null where there is one, or while it works.</summary>
    public BuildError? Error { get; init; }

    /// <summary>How many events its stream has so far.</summary>
    public long EventCount { get; init; }

    /// <summary>The end of its stream, where the one that was told is lost.</summary>
    internal ResultEvent ToResult() => State == BuildState.Succeeded
        ? new ResultEvent(BuildOutcome.Succeeded, ImageId, Tags, DurationMs, null)
        : new ResultEvent(BuildOutcome.Failed, null, [], DurationMs, Error);
}

/// <summary>Where a build is.</summary>
public enum BuildState
{
    /// <summary>It waits for the engine.</summary>
    Queued,

    /// <summary>The engine works.</summary>
    Running,

    /// <summary>The image is there.</summary>
    Succeeded,

    /// <summary>It failed, or took too long.</summary>
    Failed,

    /// <summary>It was stopped: on request, because its client left, or because the service stopped.</summary>
    Cancelled,

    /// <summary>The service died while it waited or worked.</summary>
    Interrupted,
}

/// <summary>A page of builds, the latest first.</summary>
/// <param name="NextCursor">What <c>cursor</c> takes for the next page; null on the last.</param>
public sealed record BuildList(IReadOnlyList<Build> Items, string? NextCursor);
