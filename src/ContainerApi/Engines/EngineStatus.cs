
namespace ContainerApi.Engines;

/// <summary>The engines of this service.</summary>
/// <param name="Items">In the order of the configuration; the first is the one that is meant where a request names none.</param>
public sealed record EngineList(IReadOnlyList<EngineStatus> Items);

/// <summary>One Docker Engine. What an engine that cannot be reached would say is null.</summary>
public sealed record EngineStatus
{
    /// <summary>The name that the configuration gives it.</summary>
    /// <example>local</example>
    public required string Name { get; init; }

    /// <summary>Where it listens, without credentials.</summary>
    /// <example>unix:///var/run/docker.sock</example>
    public required string Endpoint { get; init; }

    /// <summary><c>ok</c>, <c>unavailable</c>, <c>timeout</c> or <c>error</c>.</summary>
    /// <example>ok</example>
    public required string State { get; init; }

    /// <summary>Why the state is not <c>ok</c>.</summary>
    public string? Error { get; init; }

    /// <summary>The Engine API version that this service negotiated with it.</summary>
    /// <example>1.41</example>
    public string? ApiVersion { get; init; }

    /// <summary>The oldest Engine API version that it still speaks.</summary>
    /// <example>1.12</example>
    public string? MinApiVersion { get; init; }

    /// <summary>The engine's own version.</summary>
    /// <example>20.10.24</example>
    public string? Version { get; init; }

    /// <example>Debian GNU/Linux 12 (bookworm)</example>
    public string? OperatingSystem { get; init; }

    /// <example>linux</example>
    public string? OsType { get; init; }

    /// <example>x86_64</example>
    public string? Architecture { get; init; }

    /// <summary>The kernel of the engine's host.</summary>
    public string? KernelVersion { get; init; }

    /// <example>overlay2</example>
    public string? StorageDriver { get; init; }

    /// <summary><c>1</c> or <c>2</c>.</summary>
    /// <example>2</example>
    public string? CgroupVersion { get; init; }

    /// <summary>Processors of the engine's host.</summary>
    public int? Cpus { get; init; }

    /// <summary>Memory of the engine's host.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Containers by state.</summary>
    public ContainerCounts? Containers { get; init; }

    /// <summary>How many images it holds.</summary>
    public int? Images { get; init; }

    /// <summary>Registry mirrors that the engine is configured with.</summary>
    public IReadOnlyList<string>? RegistryMirrors { get; init; }

    /// <summary>What this engine cannot do, or does more slowly than newer ones, and why.</summary>
    public IReadOnlyList<EngineLimit>? Limits { get; init; }
}

/// <summary>How many containers an engine has.</summary>
public sealed record ContainerCounts(int Total, int Running, int Paused, int Stopped);

/// <summary>Something that an engine cannot do.</summary>
/// <param name="Feature">Its stable name.</param>
/// <param name="Reason">What the engine lacks, and what the consequence is.</param>
public sealed record EngineLimit(string Feature, string Reason);
