using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts an engine's description to facts.</summary>
internal static class EngineTranslation
{
    /// <summary>The driver type of containerd's image store. A graph driver has none.</summary>
    private const string ContainerdSnapshotter = "io.containerd.snapshotter.v1";

    public static EngineInfo ToInfo(VersionResponse version, SystemInfoResponse info, string negotiated) => new()
    {
        ApiVersion = negotiated,
        MinApiVersion = version.MinAPIVersion.NullIfEmpty(),
        Version = version.Version.NullIfEmpty(),
        OperatingSystem = info.OperatingSystem.NullIfEmpty(),
        OsType = info.OSType.NullIfEmpty().Required(),
        Architecture = info.Architecture.NullIfEmpty(),
        KernelVersion = info.KernelVersion.NullIfEmpty(),
        StorageDriver = info.Driver.NullIfEmpty(),
        HasContainerdStore = info.DriverStatus?.Any(pair => pair is ["driver-type", ContainerdSnapshotter]) is true,
        CgroupDriver = info.CgroupDriver.NullIfEmpty(),
        CgroupVersion = info.CgroupVersion.NullIfEmpty(),
        Cpus = info.NCPU.ToCount() is > 0 and var cpus ? cpus : null,
        MemoryBytes = info.MemTotal > 0 ? info.MemTotal : null,
        Containers = info.Containers.ToCount(),
        ContainersRunning = info.ContainersRunning.ToCount(),
        ContainersPaused = info.ContainersPaused.ToCount(),
        ContainersStopped = info.ContainersStopped.ToCount(),
        Images = info.Images.ToCount(),
        RegistryMirrors = info.RegistryConfig?.Mirrors.WithoutNulls() ?? [],
    };
}
