using System.Text.Json.Serialization;

namespace ContainerApi.Containers;

/// <summary>The answer of <c>GET /containers</c>.</summary>
public sealed record ContainerList
{
    /// <summary>One row for each container of this page, in the order of <c>sort</c>.</summary>
    public required IReadOnlyList<Container> Items { get; init; }

    /// <summary>One entry for each requested engine, including engines that did not answer.</summary>
    public required IReadOnlyList<EngineReport> Engines { get; init; }

    /// <summary>The number of matching containers on all pages.</summary>
    public required int Total { get; init; }

    /// <summary>The value of <c>cursor</c> for the next page; null on the last page.</summary>
    public required string? NextCursor { get; init; }
}

/// <summary>What <c>docker ps</c>, <c>inspect</c>, <c>top</c> and <c>stats</c> return for one container.</summary>
public sealed record Container
{
    /// <summary>The name of the container's engine.</summary>
    public required string Engine { get; init; }

    /// <summary>64 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The first 12 digits of <see cref="Id"/>.</summary>
    public required string ShortId { get; init; }

    /// <summary>The name without a leading slash; null while the container is being created or removed.</summary>
    public required string? Name { get; init; }

    /// <summary>Aliases from links of other containers (<c>other/alias</c>).</summary>
    public required IReadOnlyList<string> Aliases { get; init; }

    /// <summary>The image reference that the container was created with; the image id where the reference now refers to another image.</summary>
    public required string Image { get; init; }

    /// <summary><c>sha256:…</c>.</summary>
    public required string ImageId { get; init; }

    /// <summary>The creation time.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The command, including the entrypoint.</summary>
    public required string Command { get; init; }

    /// <summary><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</summary>
    public required string State { get; init; }

    /// <summary>The engine's status text: <c>Up 3 minutes</c>, <c>Exited (137) 2 hours ago</c>.</summary>
    public required string Status { get; init; }

    /// <summary><c>starting</c>, <c>healthy</c>, <c>unhealthy</c>, or null without a health check.</summary>
    public required string? Health { get; init; }

    /// <summary>The addresses in each network, sorted by network name.</summary>
    public required IReadOnlyList<NetworkAddress> Networks { get; init; }

    /// <summary>Published and exposed ports, sorted by container port.</summary>
    public required IReadOnlyList<PortMapping> Ports { get; init; }

    /// <summary>The labels, including those of the image.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The processes; absent where <c>include</c> excludes them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProcessesSection? Processes { get; init; }

    /// <summary>The network traffic; absent where <c>include</c> excludes it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NetworkSection? Network { get; init; }

    /// <summary>The resource usage; absent where <c>include</c> excludes it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UsageSection? Usage { get; init; }
}

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
public sealed record ProcessesSection : ContainerSection
{
    /// <summary>The processes, sorted by process id; null where they could not be read.</summary>
    public IReadOnlyList<ContainerProcess>? Items { get; init; }
}

/// <summary>One process, as the engine's host sees it. Values that the host's <c>ps</c> does not report are null.</summary>
/// <param name="Pid">The process id in the host's pid namespace.</param>
/// <param name="ParentPid">The parent's process id in the host's pid namespace; 0 for none.</param>
/// <param name="User">The user name on the host, or the user id where it has no name.</param>
/// <param name="StartedAt">The start time; in whole seconds where the source is the engine.</param>
/// <param name="CpuTimeMs">CPU time used so far, on all cores, in milliseconds; in whole seconds where the source is the engine.</param>
/// <param name="Command">The command and its arguments, separated by spaces.</param>
public sealed record ContainerProcess(
    int Pid, int? ParentPid, string? User, DateTimeOffset? StartedAt, long? CpuTimeMs, string Command);

/// <summary>The traffic of all network interfaces of a container since it started, without loopback.</summary>
/// <remarks>A container that shares the network of another one has the same counters: exclude rows with <see cref="SharedWith"/> from sums.</remarks>
public sealed record NetworkSection : ContainerSection
{
    /// <summary><c>bridge</c>, <c>host</c>, <c>none</c>, <c>container</c>, or the name of a network.</summary>
    public string? Mode { get; init; }

    /// <summary>The full id of the container whose network this one shares (mode <c>container</c>).</summary>
    public string? SharedWith { get; init; }

    /// <summary>Bytes received.</summary>
    public long? RxBytes { get; init; }

    /// <summary>Packets received.</summary>
    public long? RxPackets { get; init; }

    /// <summary>Packets received with errors.</summary>
    public long? RxErrors { get; init; }

    /// <summary>Received packets that were dropped.</summary>
    public long? RxDropped { get; init; }

    /// <summary>Bytes sent.</summary>
    public long? TxBytes { get; init; }

    /// <summary>Packets sent.</summary>
    public long? TxPackets { get; init; }

    /// <summary>Packets that could not be sent because of errors.</summary>
    public long? TxErrors { get; init; }

    /// <summary>Packets that were dropped while sending.</summary>
    public long? TxDropped { get; init; }

    /// <summary>Bytes received per second over <see cref="RateWindowMs"/>; null until there are two samples since the container started.</summary>
    public double? RxBytesPerSecond { get; init; }

    /// <summary>Bytes sent per second over <see cref="RateWindowMs"/>; null until there are two samples.</summary>
    public double? TxBytesPerSecond { get; init; }

    /// <summary>The time between the two samples in milliseconds.</summary>
    public long? RateWindowMs { get; init; }

    /// <summary>The traffic by interface name.</summary>
    public IReadOnlyDictionary<string, InterfaceTraffic>? Interfaces { get; init; }
}

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
public sealed record UsageSection : ContainerSection
{
    /// <summary>CPU usage as in <c>docker stats</c>: 100 is one full core. Null until there are two samples since the container started.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>CPU time used since the container started, on all cores, in milliseconds.</summary>
    public long? CpuTimeMs { get; init; }

    /// <summary>Memory usage as in <c>docker stats</c>: without the inactive file cache.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The memory limit of the container, or the memory of the host where it has no limit.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>The number of processes and threads.</summary>
    public long? Pids { get; init; }

    /// <summary>Bytes read from block devices.</summary>
    public long? BlockReadBytes { get; init; }

    /// <summary>Bytes written to block devices.</summary>
    public long? BlockWriteBytes { get; init; }
}

/// <summary>The result of querying one engine.</summary>
/// <param name="Name">The configured name.</param>
/// <param name="State"><c>ok</c>, <c>unavailable</c>, <c>timeout</c> or <c>error</c>.</param>
/// <param name="ApiVersion">The negotiated API version; null before the negotiation.</param>
/// <param name="Containers">The number of matching containers on all pages; null where the engine did not answer.</param>
/// <param name="Error">Why the engine did not answer; null where it did.</param>
public sealed record EngineReport(string Name, string State, string? ApiVersion, int? Containers, string? Error);

/// <summary>The answer of <c>GET /containers/{container}/stats</c>.</summary>
/// <param name="Network">The network traffic.</param>
/// <param name="Usage">The resource usage.</param>
public sealed record ContainerStatistics(NetworkSection Network, UsageSection Usage);
