using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts an engine's description to facts.</summary>
internal static class EngineTranslation
{
    public static EngineInfo ToInfo(VersionResponse version, SystemInfoResponse info, string negotiated) => new()
    {
        ApiVersion = negotiated,
        MinApiVersion = version.MinAPIVersion.NullIfEmpty(),
        Version = version.Version.NullIfEmpty(),
        OperatingSystem = info.OperatingSystem.NullIfEmpty(),
        OsType = info.OSType.NullIfEmpty(),
        Architecture = info.Architecture.NullIfEmpty(),
        KernelVersion = info.KernelVersion.NullIfEmpty(),
        StorageDriver = info.Driver.NullIfEmpty(),
        CgroupDriver = info.CgroupDriver.NullIfEmpty(),
        CgroupVersion = info.CgroupVersion.NullIfEmpty(),
        Cpus = info.NCPU > 0 ? (int)info.NCPU : null,
        MemoryBytes = info.MemTotal > 0 ? info.MemTotal : null,
        Containers = (int)info.Containers,
        ContainersRunning = (int)info.ContainersRunning,
        ContainersPaused = (int)info.ContainersPaused,
        ContainersStopped = (int)info.ContainersStopped,
        Images = (int)info.Images,
        RegistryMirrors = [.. info.RegistryConfig?.Mirrors ?? []],
    };
}
