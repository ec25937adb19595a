namespace ContainerApi.Engine.Facts;

/// <summary>The configuration and the last run of a container, from an inspect.</summary>
internal sealed record InspectedFacts
{
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Null before the first start and while the container runs.</summary>
    public long? ExitCode { get; init; }
    public bool? OomKilled { get; init; }

    /// <summary>Why the engine could not start the container.</summary>
    public string? Error { get; init; }
    public int? RestartCount { get; init; }
    public RestartPolicy? RestartPolicy { get; init; }

    /// <summary>The first process in the host's pid namespace.</summary>
    public int? Pid { get; init; }
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public IReadOnlyList<string>? Arguments { get; init; }
    public string? WorkingDirectory { get; init; }
    public string? User { get; init; }
    public string? Hostname { get; init; }
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<MountFacts> Mounts { get; init; } = [];
    public long? MemoryLimitBytes { get; init; }
    public double? Cpus { get; init; }
    public long? PidsLimit { get; init; }
    public string? LogDriver { get; init; }

    /// <summary>The last health checks, oldest first; null without a health check.</summary>
    public IReadOnlyList<HealthCheckFacts>? HealthLog { get; init; }

    /// <summary>The size of the writable layer, and of it and the image; null unless requested.</summary>
    public long? WritableBytes { get; init; }
    public long? RootFsBytes { get; init; }
}

/// <param name="Type"><c>bind</c>, <c>volume</c>, <c>tmpfs</c> …</param>
/// <param name="Source">The name of a volume, else a path on the engine's host.</param>
internal sealed record MountFacts(string Type, string? Source, string Destination, bool IsReadOnly);

/// <summary>One run of a health check. The engine keeps the first 4 KiB of its output.</summary>
internal sealed record HealthCheckFacts(DateTimeOffset? StartedAt, long ExitCode, string Output);

/// <summary>The result of inspecting one of several containers.</summary>
/// <param name="Failure">Why there are no details.</param>
internal sealed record ContainerInspection(string Id, ContainerDetails? Details, EngineException? Failure);
