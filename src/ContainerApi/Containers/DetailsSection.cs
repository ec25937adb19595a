using System.Text.Json.Serialization;

namespace ContainerApi.Containers;

/// <summary>The configuration and the last run of a container, as <c>docker inspect</c> returns them.</summary>
/// <param name="StartedAt">The last start; null before the first.</param>
/// <param name="FinishedAt">The end of the last run that ended; null before the first.</param>
/// <param name="ExitCode">The exit code of the last run; null while the container runs and before its first start.</param>
/// <param name="OomKilled">Whether the kernel killed a process of the last run for lack of memory.</param>
/// <param name="Error">Why the engine could not start the container, or null.</param>
/// <param name="RestartCount">How often the engine restarted the container by its policy since the last start by a client.</param>
/// <param name="RestartPolicy"><c>no</c>, <c>always</c>, <c>unless-stopped</c>, <c>on-failure</c> or <c>on-failure:N</c>, with at most N.</param>
/// <param name="Pid">The first process, in the host's pid namespace; null where none runs.</param>
/// <param name="Entrypoint">The entrypoint; null without one.</param>
/// <param name="Arguments">The command, or the arguments of the entrypoint; null without any.</param>
/// <param name="WorkingDirectory">The working directory; null for that of the image's root.</param>
/// <param name="User">The user, as configured; null for root.</param>
/// <param name="Hostname">The hostname.</param>
/// <param name="Environment">The environment variables. Each value is <c>***</c> without the scope <c>containers:secrets</c>.</param>
/// <param name="Mounts">The mounts, sorted by destination.</param>
/// <param name="Limits">The configured limits.</param>
/// <param name="LogDriver">The logging driver.</param>
/// <param name="HealthLog">The last five health checks, oldest first; null without a health check.</param>
public sealed record DetailsSection(
    DateTimeOffset? StartedAt = null, DateTimeOffset? FinishedAt = null, long? ExitCode = null, bool? OomKilled = null, ErrorInfo? Error = null,
    int? RestartCount = null, string? RestartPolicy = null, int? Pid = null, IReadOnlyList<string>? Entrypoint = null,
    IReadOnlyList<string>? Arguments = null, string? WorkingDirectory = null, string? User = null, string? Hostname = null,
    IReadOnlyDictionary<string, string>? Environment = null, IReadOnlyList<ContainerMount>? Mounts = null, ContainerLimits? Limits = null,
    string? LogDriver = null, IReadOnlyList<ContainerHealthCheck>? HealthLog = null) : ContainerSection;

/// <summary>One mount of a container.</summary>
/// <param name="Type"><c>bind</c>, <c>volume</c>, <c>tmpfs</c>, <c>npipe</c> …</param>
/// <param name="Source">
/// The name of a volume, or the path on the engine's host; a path is <c>***</c> without the scope <c>containers:secrets</c>. Null for
/// <c>tmpfs</c>.
/// </param>
/// <param name="Destination">The path in the container.</param>
/// <param name="ReadOnly">Whether the container can only read it.</param>
public sealed record ContainerMount(string Type, [property: JsonRequired] string? Source, string Destination, bool ReadOnly);

/// <summary>The limits that a container was created with; null where it has none.</summary>
/// <param name="MemoryBytes">The memory.</param>
/// <param name="Cpus">The number of cores.</param>
/// <param name="Pids">The number of processes and threads.</param>
public sealed record ContainerLimits(
    [property: JsonRequired] long? MemoryBytes, [property: JsonRequired] double? Cpus, [property: JsonRequired] long? Pids);

/// <summary>One run of a health check.</summary>
/// <param name="StartedAt">The start of the check.</param>
/// <param name="ExitCode">0 for healthy, 1 for unhealthy.</param>
/// <param name="Output">The output of the check. Cut at 1,024 characters, then it ends with `…`.</param>
public sealed record ContainerHealthCheck([property: JsonRequired] DateTimeOffset? StartedAt, long ExitCode, string Output);

/// <summary>The size of a container on disk.</summary>
/// <param name="WritableBytes">The files that the container created or changed: its writable layer.</param>
/// <param name="RootFsBytes">The writable layer and the image.</param>
public sealed record SizeSection(long? WritableBytes = null, long? RootFsBytes = null) : ContainerSection;
