using System.Text.Json.Serialization;
using ContainerApi.Api.Lists;
using ContainerApi.Api.OpenApi;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>The answer of <c>GET /containers</c>.</summary>
/// <param name="Items">One row for each container of this page, in the order of <c>sort</c>.</param>
/// <param name="Engines">One entry for each requested engine, including engines that did not answer.</param>
/// <param name="Total">The number of matching containers on all pages.</param>
/// <param name="NextCursor">The value of <c>cursor</c> for the next page; null on the last page.</param>
/// <param name="Complete">Whether every engine answered.</param>
public sealed record ContainerList(
    IReadOnlyList<Container> Items, IReadOnlyList<EngineReport> Engines, int Total, [property: JsonRequired] string? NextCursor, bool Complete)
    : IListDocument;

/// <summary>What <c>docker ps</c>, <c>inspect</c>, <c>top</c> and <c>stats</c> return for one container.</summary>
/// <param name="Engine">The name of the container's engine.</param>
/// <param name="Id">64 hex digits.</param>
/// <param name="ShortId">The first 12 digits of <see cref="Id"/>.</param>
/// <param name="Name">The name without a leading slash; null while the container is being created or removed.</param>
/// <param name="Project">The Compose project or the Swarm stack of the container, or null.</param>
/// <param name="Service">The Compose or Swarm service, without the name of its stack; null for a container of none.</param>
/// <param name="Replica">The number of the container in its service: Compose's container number or Swarm's slot.</param>
/// <param name="Node">The name of the Swarm node that runs the container; null without Swarm, and where it is the engine's name.</param>
/// <param name="Aliases">Aliases from links of other containers (<c>other/alias</c>).</param>
/// <param name="Image">The image reference that the container was created with; the image id where the reference now refers to another image.</param>
/// <param name="ImageId"><c>sha256:…</c>.</param>
/// <param name="CreatedAt">The creation time.</param>
/// <param name="Command">The command, including the entrypoint. Cut at 4 KiB, then it ends with `…`.</param>
/// <param name="State"><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</param>
/// <param name="Status">The engine's status text: <c>Up 3 minutes</c>, <c>Exited (137) 2 hours ago</c>.</param>
/// <param name="Health"><c>starting</c>, <c>healthy</c>, <c>unhealthy</c>, or null without a health check.</param>
/// <param name="Networks">The addresses in each network, sorted by network name.</param>
/// <param name="Ports">Published and exposed ports, sorted by container port.</param>
/// <param name="Labels">The labels, including those of the image.</param>
/// <param name="Processes">The processes; absent where <c>include</c> excludes them.</param>
/// <param name="Network">The network traffic; absent where <c>include</c> excludes it.</param>
/// <param name="Usage">The resource usage; absent where <c>include</c> excludes it.</param>
/// <param name="Details">The configuration and the last run; absent unless <c>include</c> has it. One container has it by default.</param>
/// <param name="Size">The size on disk; absent unless <c>include</c> has it.</param>
public sealed record Container(
    string Engine, string Id, string ShortId, [property: JsonRequired] string? Name,
    [property: JsonRequired] string? Project, [property: JsonRequired] string? Service, [property: JsonRequired] int? Replica,
    [property: JsonRequired] string? Node, IReadOnlyList<string> Aliases, string Image,
    string ImageId, DateTimeOffset CreatedAt, string Command,
    [property: KnownValues(
        ContainerStates.Created, ContainerStates.Running, ContainerStates.Paused, ContainerStates.Restarting, ContainerStates.Removing,
        ContainerStates.Exited, ContainerStates.Dead)]
    string State,
    string Status,
    [property: JsonRequired, KnownValues("starting", "healthy", "unhealthy")] string? Health,
    IReadOnlyList<NetworkAddress> Networks, IReadOnlyList<PortMapping> Ports, IReadOnlyDictionary<string, string> Labels,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ProcessesSection? Processes = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] NetworkSection? Network = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] UsageSection? Usage = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DetailsSection? Details = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SizeSection? Size = null);

/// <summary>A container's addresses in one network. Addresses that the container does not have are null, as are most of a stopped
/// container.</summary>
/// <param name="Name">The name of the network.</param>
/// <param name="Ipv4">The IPv4 address.</param>
/// <param name="Ipv6">The global IPv6 address.</param>
/// <param name="Gateway">The network's IPv4 gateway.</param>
/// <param name="Mac">The MAC address.</param>
public sealed record NetworkAddress(string Name, string? Ipv4, string? Ipv6, string? Gateway, string? Mac);

/// <summary>A port of a container. An exposed port that is not published has neither a host address nor a host port.</summary>
/// <param name="ContainerPort">1 to 65535.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostIp">The host address; <c>0.0.0.0</c> and <c>::</c> stand for all addresses of a family.</param>
/// <param name="HostPort">1 to 65535.</param>
public sealed record PortMapping(int ContainerPort, string Protocol, string? HostIp, int? HostPort);

/// <summary>The result of reading a section.</summary>
public enum SectionState
{
    /// <summary>The section was read.</summary>
    Ok,

    /// <summary>The container has no processes.</summary>
    NotRunning,

    /// <summary>The container was removed during the collection.</summary>
    Gone,

    /// <summary>The engine did not answer in time.</summary>
    Timeout,

    /// <summary>The section is not available for this container or from this engine.</summary>
    Unsupported,

    /// <summary>The engine failed.</summary>
    Error,
}

/// <summary>The source of a section.</summary>
public enum SectionSource
{
    /// <summary>The kernel of the engine's host, which this service shares.</summary>
    Host,

    /// <summary>The engine's API.</summary>
    Engine,
}

/// <summary>A part of a container that is read separately and can fail separately.</summary>
public abstract record ContainerSection
{
    /// <summary>The result of reading the section.</summary>
    [JsonPropertyOrder(-4)]
    public required SectionState State { get; init; }

    /// <summary>Why the section could not be read; absent where it was read.</summary>
    [JsonPropertyOrder(-3)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>The time of the sample by the clock of its source; null where the section was not read.</summary>
    [JsonPropertyOrder(-2)]
    public DateTimeOffset? SampledAt { get; init; }

    /// <summary>The source of the section; null where none was queried.</summary>
    [JsonPropertyOrder(-1)]
    public SectionSource? Source { get; init; }
}

/// <summary>The processes of a container.</summary>
/// <param name="Items">The processes, sorted by process id; null where they could not be read.</param>
public sealed record ProcessesSection(IReadOnlyList<ContainerProcess>? Items = null) : ContainerSection;

/// <summary>One process, as the engine's host sees it. Values that the host's <c>ps</c> does not report are null.</summary>
/// <param name="Pid">The process id in the host's pid namespace.</param>
/// <param name="ParentPid">The parent's process id in the host's pid namespace; 0 for none.</param>
/// <param name="User">The user name on the host, or the user id where it has no name.</param>
/// <param name="StartedAt">The start time; in whole seconds where the source is the engine.</param>
/// <param name="CpuTimeMs">CPU time used so far, on all cores, in milliseconds; in whole seconds where the source is the engine.</param>
/// <param name="CpuPercent">
/// CPU usage: 100 is one full core; null without two samples of the process, and where the source is the engine.
/// </param>
/// <param name="MemoryBytes">Resident memory, with shared pages.</param>
/// <param name="Command">
/// The command and its arguments, separated by spaces. Cut at 4 KiB (128 bytes in a very long answer), then it ends with `…`.
/// </param>
public sealed record ContainerProcess(
    int Pid, int? ParentPid, string? User, DateTimeOffset? StartedAt, long? CpuTimeMs, double? CpuPercent, long? MemoryBytes, string Command);

/// <summary>The traffic of all network interfaces of a container since it started, without loopback.</summary>
/// <remarks>A container that shares the network of another one has the same counters: exclude rows with <see cref="SharedWith"/> from sums.</remarks>
/// <param name="Mode"><c>bridge</c>, <c>host</c>, <c>none</c>, <c>container</c>, or the name of a network.</param>
/// <param name="SharedWith">The full id of the running container whose network this one shares (mode <c>container</c>), or null.</param>
/// <param name="RxBytes">Bytes received.</param>
/// <param name="RxPackets">Packets received.</param>
/// <param name="RxErrors">Packets received with errors.</param>
/// <param name="RxDropped">Received packets that were dropped.</param>
/// <param name="TxBytes">Bytes sent.</param>
/// <param name="TxPackets">Packets sent.</param>
/// <param name="TxErrors">Packets that could not be sent because of errors.</param>
/// <param name="TxDropped">Packets that were dropped while sending.</param>
/// <param name="RxBytesPerSecond">Bytes received per second over <c>rateWindowMs</c>; null without two samples since the start.</param>
/// <param name="TxBytesPerSecond">Bytes sent per second over <c>rateWindowMs</c>; null without two samples since the start.</param>
/// <param name="RateWindowMs">The time between the two samples in milliseconds.</param>
/// <param name="Interfaces">The traffic by interface name.</param>
public sealed record NetworkSection(
    string? Mode = null, string? SharedWith = null, long? RxBytes = null, long? RxPackets = null, long? RxErrors = null,
    long? RxDropped = null, long? TxBytes = null, long? TxPackets = null, long? TxErrors = null, long? TxDropped = null,
    double? RxBytesPerSecond = null, double? TxBytesPerSecond = null, long? RateWindowMs = null,
    IReadOnlyDictionary<string, InterfaceTraffic>? Interfaces = null) : ContainerSection;

/// <summary>The traffic of one interface since its creation.</summary>
/// <param name="RxBytes">Bytes received.</param>
/// <param name="RxPackets">Packets received.</param>
/// <param name="RxErrors">Packets received with errors.</param>
/// <param name="RxDropped">Received packets that were dropped.</param>
/// <param name="TxBytes">Bytes sent.</param>
/// <param name="TxPackets">Packets sent.</param>
/// <param name="TxErrors">Packets that could not be sent because of errors.</param>
/// <param name="TxDropped">Packets that were dropped while sending.</param>
public sealed record InterfaceTraffic(
    long RxBytes, long RxPackets, long RxErrors, long RxDropped, long TxBytes, long TxPackets, long TxErrors, long TxDropped);

/// <summary>The resource usage of a container.</summary>
/// <param name="CpuPercent">CPU usage as in <c>docker stats</c>: 100 is one full core; null without two samples since the start.</param>
/// <param name="CpuTimeMs">CPU time used since the container started, on all cores, in milliseconds.</param>
/// <param name="MemoryBytes">Memory usage as in <c>docker stats</c>: without the inactive file cache.</param>
/// <param name="MemoryLimitBytes">The memory limit of the container, or the memory of the host where it has no limit.</param>
/// <param name="Pids">The number of processes and threads.</param>
/// <param name="BlockReadBytes">Bytes read from block devices.</param>
/// <param name="BlockWriteBytes">Bytes written to block devices.</param>
/// <param name="BlockReadBytesPerSecond">Bytes read from block devices per second; null without two samples since the start.</param>
/// <param name="BlockWriteBytesPerSecond">Bytes written to block devices per second; null without two samples since the start.</param>
public sealed record UsageSection(
    double? CpuPercent = null, long? CpuTimeMs = null, long? MemoryBytes = null, long? MemoryLimitBytes = null, long? Pids = null,
    long? BlockReadBytes = null, long? BlockWriteBytes = null, double? BlockReadBytesPerSecond = null,
    double? BlockWriteBytesPerSecond = null) : ContainerSection;

/// <summary>The result of querying one engine.</summary>
/// <param name="Name">The configured name.</param>
/// <param name="State"><c>ok</c>, <c>unavailable</c>, <c>timeout</c> or <c>error</c>.</param>
/// <param name="ApiVersion">The negotiated API version; null before the negotiation.</param>
/// <param name="Containers">The number of matching containers on all pages; null where the engine did not answer.</param>
/// <param name="Error">Why the engine did not answer; null where it did.</param>
/// <param name="Since">When its replica was first found not to answer; null while the replica answers.</param>
/// <param name="Role" example="worker">The role of the Swarm node of a missing engine: <c>manager</c> or <c>worker</c>; null if unknown.</param>
/// <param name="Availability" example="active">The availability of that node: <c>active</c>, <c>pause</c> or <c>drain</c>; null if unknown.</param>
public sealed record EngineReport(
    string Name,
    [property: KnownValues(EngineStates.Ok, EngineStates.Unavailable, EngineStates.Timeout, EngineStates.Error)] string State,
    string? ApiVersion, int? Containers, ErrorInfo? Error, DateTimeOffset? Since = null, string? Role = null, string? Availability = null)
    : IListEngine;

/// <summary>The answer of <c>GET /containers/{container}/stats</c>.</summary>
/// <param name="Engine">The name of the container's engine.</param>
/// <param name="ContainerId">64 hex digits.</param>
/// <param name="Network">The network traffic.</param>
/// <param name="Usage">The resource usage.</param>
public sealed record ContainerStatistics(string Engine, string ContainerId, NetworkSection Network, UsageSection Usage);

/// <summary>The answer of <c>GET /containers/{container}/processes</c>.</summary>
/// <param name="Engine">The name of the container's engine.</param>
/// <param name="ContainerId">64 hex digits.</param>
/// <param name="Items">The processes, sorted by process id.</param>
public sealed record ContainerProcesses(string Engine, string ContainerId, IReadOnlyList<ContainerProcess> Items) : ContainerSection;
