namespace ContainerApi.Engine.Facts;

/// <summary>An engine's description (<c>GET /version</c> and <c>GET /info</c>).</summary>
internal sealed record EngineInfo
{
    public required string ApiVersion { get; init; }
    public string? MinApiVersion { get; init; }
    public string? Version { get; init; }
    public string? OperatingSystem { get; init; }
    public string? OsType { get; init; }
    public string? Architecture { get; init; }
    public string? KernelVersion { get; init; }
    public string? StorageDriver { get; init; }

    /// <summary>Whether the images are in containerd's image store, which has indexes of several manifests; otherwise in a graph driver's.</summary>
    public bool HasContainerdStore { get; init; }
    public string? CgroupDriver { get; init; }
    public string? CgroupVersion { get; init; }
    public int? Cpus { get; init; }
    public long? MemoryBytes { get; init; }
    public int? Containers { get; init; }
    public int? ContainersRunning { get; init; }
    public int? ContainersPaused { get; init; }
    public int? ContainersStopped { get; init; }
    public int? Images { get; init; }
    public IReadOnlyList<string> RegistryMirrors { get; init; } = [];
}
