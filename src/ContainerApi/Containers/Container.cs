using System.Text.Json.Serialization;

namespace ContainerApi.Containers;

/// <summary>The answer of <c>GET /containers</c>.</summary>
public sealed record ContainerList
{
    /// <summary>One row for each container of this page, in the order of <c>sort</c>.</summary>
    public required IReadOnlyList<Container> Items { get; init; }

    /// <summary>One entry for each engine that was asked, also for those that did not answer.</summary>
    public required IReadOnlyList<EngineReport> Engines { get; init; }

    /// <summary>How many containers match, on all pages together.</summary>
    public required int Total { get; init; }

    /// <summary>Pass it as <c>cursor</c> to get the next page; null on the last one.</summary>
    public required string? NextCursor { get; init; }
}

/// <summary>What <c>docker ps</c>, <c>inspect</c>, <c>top</c> and <c>stats</c> tell of one container.</summary>
public sealed record Container
{
    /// <summary>Name of the engine it lives on.</summary>
    public required string Engine { get; init; }

    /// <summary>64 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The first 12 digits of <see cref="Id"/>.</summary>
    public required string ShortId { get; init; }

    /// <summary>Without a leading slash; null for a moment while it is made or removed.</summary>
    public required string? Name { get; init; }

    /// <summary>Names that links of other containers gave it (<c>other/alias</c>).</summary>
    public required IReadOnlyList<string> Aliases { get; init; }

    /// <summary>The image as it was named when the container was made; its id where the name now means another image.</summary>
    public required string Image { get; init; }

    /// <summary><c>sha256:…</c>.</summary>
    public required string ImageId { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What it runs, entrypoint included.</summary>
    public required string Command { get; init; }

    /// <summary><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</summary>
    public required string State { get; init; }

    /// <summary>The engine's own sentence: <c>Up 3 minutes</c>, <c>Exited (137) 2 hours ago</c>.</summary>
    public required string Status { get; init; }

    /// <summary><c>starting</c>, <c>healthy</c>, <c>unhealthy</c>, or null without a health check.</summary>
    public required string? Health { get; init; }

    /// <summary>Its place in each of its networks, by name.</summary>
    public required IReadOnlyList<NetworkAddress> Networks { get; init; }

    /// <summary>Published and exposed ports, by container port.</summary>
    public required IReadOnlyList<PortMapping> Ports { get; init; }

    /// <summary>Its labels, those of its image included.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>Its processes; absent where <c>include</c> leaves them out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProcessesSection? Processes { get; init; }

    /// <summary>What it received and sent; absent where <c>include</c> leaves it out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NetworkSection? Network { get; init; }

    /// <summary>What it uses; absent where <c>include</c> leaves it out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UsageSection? Usage { get; init; }
}

/// <summary>A container's addresses in one network. What it does not have there, or has only while it runs, is null.</summary>
/// <param name="Name">The network's name.</param>
/// <param name="Ipv4">Its IPv4 address.</param>
/// <param name="Ipv6">Its global IPv6 address.</param>
/// <param name="Gateway">The network's IPv4 gateway.</param>
/// <param name="Mac">Its hardware address.</param>
public sealed record NetworkAddress(string Name, string? Ipv4, string? Ipv6, string? Gateway, string? Mac);

/// <summary>A port of a container. One that is exposed and not published has neither host address nor host port.</summary>
/// <param name="ContainerPort">1 to 65535.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostIp">The host's address it listens on: <c>0.0.0.0</c> and <c>::</c> are all of a family.</param>
/// <param name="HostPort">1 to 65535.</param>
public sealed record PortMapping(int ContainerPort, string Protocol, string? HostIp, int? HostPort);

/// <summary>How the reading of a section ended.</summary>
public enum SectionState
{
    /// <summary>Read.</summary>
    Ok,

    /// <summary>The container has no process.</summary>
    NotRunning,

    /// <summary>The container was removed while it was read.</summary>
    Gone,

    /// <summary>Its engine did not answer in time.</summary>
    Timeout,

    /// <summary>It cannot be had for this container, or from this engine.</summary>
    Unsupported,

    /// <summary>Its engine failed.</summary>
    Error,
}

/// <summary>Where a section was read.</summary>
public enum SectionSource
{
    /// <summary>From the kernel of the engine's host, which this service shares.</summary>
    Host,

    /// <summary>From the engine's API.</summary>
    Engine,
}

/// <summary>A part of the picture that is read for each container on its own, and can fail on its own.</summary>
public abstract record ContainerSection
{
    /// <summary>Whether it could be had.</summary>
    [JsonPropertyOrder(-4)]
    public required SectionState State { get; init; }

    /// <summary>Why it could not be had; absent where it could.</summary>
    [JsonPropertyOrder(-3)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>The moment of the reading, by the clock of its source; null where there was none.</summary>
    [JsonPropertyOrder(-2)]
    public DateTimeOffset? SampledAt { get; init; }

    /// <summary>Who was asked; null where nobody was.</summary>
    [JsonPropertyOrder(-1)]
    public SectionSource? Source { get; init; }
}

/// <summary>The processes of a container.</summary>
public sealed record ProcessesSection : ContainerSection
{
    /// <summary>By process id; null where they could not be had.</summary>
    public IReadOnlyList<ContainerProcess>? Items { get; init; }
}

/// <summary>One process, as the engine's host sees it. What the host's <c>ps</c> does not tell is null.</summary>
/// <param name="Pid">In the host's numbering.</param>
/// <param name="ParentPid">In the host's numbering; 0 for none.</param>
/// <param name="User">Name, or number where it has no name on the host.</param>
/// <param name="StartedAt">When it started; to the second where the engine was asked.</param>
/// <param name="CpuTimeMs">Milliseconds of CPU time used so far, on all cores; to the second where the engine was asked.</param>
/// <param name="Command">Command and arguments, separated by blanks.</param>
public sealed record ContainerProcess(
    int Pid, int? ParentPid, string? User, DateTimeOffset? StartedAt, long? CpuTimeMs, string Command);

/// <summary>What went over a container's network interfaces since it started: all of them, loopback excepted.</summary>
/// <remarks>A container that shares another's network has the same counters: leave rows with <see cref="SharedWith"/> out of sums.</remarks>
public sealed record NetworkSection : ContainerSection
{
    /// <summary><c>bridge</c>, <c>host</c>, <c>none</c>, <c>container</c>, or the name of a network.</summary>
    public string? Mode { get; init; }

    /// <summary>Full id of the container whose network this one uses (mode <c>container</c>).</summary>
    public string? SharedWith { get; init; }

    /// <summary>Bytes received.</summary>
    public long? RxBytes { get; init; }

    /// <summary>Packets received.</summary>
    public long? RxPackets { get; init; }

    /// <summary>Packets received with errors.</summary>
    public long? RxErrors { get; init; }

    /// <summary>Packets dropped on the way in.</summary>
    public long? RxDropped { get; init; }

    /// <summary>Bytes sent.</summary>
    public long? TxBytes { get; init; }

    /// <summary>Packets sent.</summary>
    public long? TxPackets { get; init; }

    /// <summary>Packets that could not be sent for errors.</summary>
    public long? TxErrors { get; init; }

    /// <summary>Packets dropped on the way out.</summary>
    public long? TxDropped { get; init; }

    /// <summary>Bytes received per second over <see cref="RateWindowMs"/>; null until this service has two samples since the container started.</summary>
    public double? RxBytesPerSecond { get; init; }

    /// <summary>Bytes sent per second over <see cref="RateWindowMs"/>; null as above.</summary>
    public double? TxBytesPerSecond { get; init; }

    /// <summary>Milliseconds between the two samples.</summary>
    public long? RateWindowMs { get; init; }

    /// <summary>The same by interface name.</summary>
    public IReadOnlyDictionary<string, InterfaceTraffic>? Interfaces { get; init; }
}

/// <summary>What went over one interface since it was made.</summary>
/// <param name="RxBytes">Bytes received.</param>
/// <param name="RxPackets">Packets received.</param>
/// <param name="RxErrors">Packets received with errors.</param>
/// <param name="RxDropped">Packets dropped on the way in.</param>
/// <param name="TxBytes">Bytes sent.</param>
/// <param name="TxPackets">Packets sent.</param>
/// <param name="TxErrors">Packets that could not be sent for errors.</param>
/// <param name="TxDropped">Packets dropped on the way out.</param>
public sealed record InterfaceTraffic(
    long RxBytes, long RxPackets, long RxErrors, long RxDropped, long TxBytes, long TxPackets, long TxErrors, long TxDropped);

/// <summary>What a container uses.</summary>
public sealed record UsageSection : ContainerSection
{
    /// <summary>As <c>docker stats</c>: 100 is one core fully used. Null until this service has two samples since the container started.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>Milliseconds of CPU time used since the container started, on all cores.</summary>
    public long? CpuTimeMs { get; init; }

    /// <summary>As <c>docker stats</c>: without the inactive file cache.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The container's limit, or the host's memory where it has none.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Processes and threads.</summary>
    public long? Pids { get; init; }

    /// <summary>Bytes read from block devices.</summary>
    public long? BlockReadBytes { get; init; }

    /// <summary>Bytes written to block devices.</summary>
    public long? BlockWriteBytes { get; init; }
}

/// <summary>What became of asking one engine.</summary>
/// <param name="Name">The name the configuration gives it.</param>
/// <param name="State"><c>ok</c>, <c>unavailable</c>, <c>timeout</c> or <c>error</c>.</param>
/// <param name="ApiVersion">The API version spoken with it; null while none is negotiated.</param>
/// <param name="Containers">How many of its containers match, on all pages together; null where it did not answer.</param>
/// <param name="Error">Why it did not answer; null where it did.</param>
public sealed record EngineReport(string Name, string State, string? ApiVersion, int? Containers, string? Error);

/// <summary>The answer of <c>GET /containers/{container}/stats</c>.</summary>
/// <param name="Network">What it received and sent.</param>
/// <param name="Usage">What it uses.</param>
public sealed record ContainerStatistics(NetworkSection Network, UsageSection Usage);
