using ContainerApi.Api.Lists;

namespace ContainerApi.Engines;

/// <summary>The columns of the engines.</summary>
internal static class EngineColumns
{
    public static readonly ColumnSet<EngineStatus> Set = new("engine",
    [
        new("name", e => e.Name, new(1, "NAME", (e, _) => e.Name)),
        new("endpoint", e => e.Endpoint, new(8, "ENDPOINT", (e, _) => e.Endpoint)),
        new("state", e => e.State, new(2, "STATE", (e, _) => e.State)),
        new("error", e => e.Error),
        new("apiVersion", e => e.ApiVersion, new(4, "API", (e, _) => e.ApiVersion)),
        new("minApiVersion", e => e.MinApiVersion),
        new("version", e => e.Version, new(3, "VERSION", (e, _) => e.Version)),
        new("operatingSystem", e => e.OperatingSystem, new(5, "OPERATING SYSTEM", (e, _) => e.OperatingSystem)),
        new("osType", e => e.OsType),
        new("architecture", e => e.Architecture),
        new("kernelVersion", e => e.KernelVersion),
        new("storageDriver", e => e.StorageDriver),
        new("cgroupVersion", e => e.CgroupVersion),
        new("cpus", e => e.Cpus),
        new("memoryBytes", e => e.MemoryBytes),
        new("containers", e => e.Containers, new(6, "CONTAINERS", (e, _) => e.Containers?.Total.ToString(CultureInfo.InvariantCulture))),
        new("images", e => e.Images, new(7, "IMAGES", (e, _) => e.Images?.ToString(CultureInfo.InvariantCulture))),
        new("registryMirrors", e => e.RegistryMirrors),
        new("limitations", e => e.Limitations),
        new("since", e => e.Since),
        new("role", e => e.Role),
        new("availability", e => e.Availability),
    ]);
}
