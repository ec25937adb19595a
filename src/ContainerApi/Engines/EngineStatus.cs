using System.Text.Json.Serialization;
using ContainerApi.Api.Lists;
using ContainerApi.Api.OpenApi;
using ContainerApi.Engine;

namespace ContainerApi.Engines;

/// <summary>The engines of this service.</summary>
/// <param name="Items">The engines of this page, in the order of <c>sort</c>.</param>
/// <param name="Total">The number of matching engines on all pages.</param>
/// <param name="NextCursor">The value of <c>cursor</c> for the next page; null on the last page.</param>
/// <param name="Complete">Whether every engine answered.</param>
public sealed record EngineList(IReadOnlyList<EngineStatus> Items, int Total, [property: JsonRequired] string? NextCursor, bool Complete)
    : IListDocument;

/// <summary>One engine. All values that only the engine knows are null while it cannot be reached.</summary>
/// <param name="Name" example="local">The name in the configuration.</param>
/// <param name="Endpoint" example="unix:///var/run/docker.sock">The address, without credentials.</param>
/// <param name="State" example="ok"><c>ok</c>, <c>unavailable</c>, <c>timeout</c> or <c>error</c>.</param>
/// <param name="Error">Why the engine did not answer; null where it did.</param>
/// <param name="ApiVersion" example="1.41">The negotiated Engine API version.</param>
/// <param name="MinApiVersion" example="1.12">The oldest Engine API version that the engine supports.</param>
/// <param name="Version" example="20.10.24">The engine's version.</param>
/// <param name="OperatingSystem" example="Debian GNU/Linux 12 (bookworm)">The operating system of the engine's host.</param>
/// <param name="OsType" example="linux">The operating system's type.</param>
/// <param name="Architecture" example="x86_64">The architecture of the engine's host.</param>
/// <param name="KernelVersion">The kernel version of the engine's host.</param>
/// <param name="StorageDriver" example="overlay2">The storage driver.</param>
/// <param name="CgroupVersion" example="2"><c>1</c> or <c>2</c>.</param>
/// <param name="Cpus">The number of processors of the engine's host.</param>
/// <param name="MemoryBytes">The memory of the engine's host.</param>
/// <param name="Containers">The number of containers by state.</param>
/// <param name="Images">The number of images.</param>
/// <param name="RegistryMirrors">The registry mirrors in the engine's configuration.</param>
/// <param name="Limitations">Features that the engine lacks or that are slower than on newer engines.</param>
/// <param name="Since">When its replica was first found not to answer; null while the replica answers.</param>
/// <param name="Role" example="worker">The role of the Swarm node of a missing engine: <c>manager</c> or <c>worker</c>; null if unknown.</param>
/// <param name="Availability" example="active">The availability of that node: <c>active</c>, <c>pause</c> or <c>drain</c>; null if unknown.</param>
public sealed record EngineStatus(
    string Name, string Endpoint,
    [property: KnownValues(EngineStates.Ok, EngineStates.Unavailable, EngineStates.Timeout, EngineStates.Error)] string State,
    ErrorInfo? Error = null, string? ApiVersion = null, string? MinApiVersion = null,
    string? Version = null, string? OperatingSystem = null, string? OsType = null, string? Architecture = null, string? KernelVersion = null,
    string? StorageDriver = null, string? CgroupVersion = null, int? Cpus = null, long? MemoryBytes = null, ContainerCounts? Containers = null,
    int? Images = null, IReadOnlyList<string>? RegistryMirrors = null, IReadOnlyList<EngineLimitation>? Limitations = null,
    DateTimeOffset? Since = null, string? Role = null, string? Availability = null)
    : IRow<EngineStatus>
{
    static ColumnSet<EngineStatus> IRow<EngineStatus>.Columns => EngineColumns.Set;

    string IRow<EngineStatus>.Engine => Name;

    string IRow<EngineStatus>.Id => Name;
}

/// <summary>The number of containers of an engine.</summary>
/// <param name="Total">All containers.</param>
/// <param name="Running">Running containers.</param>
/// <param name="Paused">Paused containers.</param>
/// <param name="Stopped">Stopped containers.</param>
public sealed record ContainerCounts(int Total, int Running, int Paused, int Stopped);

/// <summary>A limitation of an engine.</summary>
/// <param name="Feature">A stable name of the feature.</param>
/// <param name="Reason">What the engine lacks, and the consequence.</param>
public sealed record EngineLimitation(string Feature, string Reason);
