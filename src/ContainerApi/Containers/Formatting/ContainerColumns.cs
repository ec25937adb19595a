using ContainerApi.Api.Lists;
using static ContainerApi.Containers.ContainerSections;

namespace ContainerApi.Containers.Formatting;

/// <summary>
/// Every column of the containers, declared once: <c>fields</c>, <c>sort</c>, NDJSON, CSV, the table and Prometheus are made from it.
/// Metrics have cAdvisor's names where it has the same metric. The order is the JSON order.
/// </summary>
internal static class ContainerColumns
{
    public static readonly IReadOnlyList<ContainerColumn> All =
    [
        new("engine", None, r => r.Engine, Table: new(1, "ENGINE", (r, _) => r.Engine)),
        new("id", None, r => r.Id),
        new("shortId", None, r => r.ShortId, Table: new(2, "CONTAINER ID", (r, _) => r.ShortId)),
        new("name", None, r => r.Facts.Name, Table: new(19, "NAMES", (r, _) => ColumnText.Names(r.Facts))),
        new("project", None, r => r.Facts.Group.Project, Table: new(14, "PROJECT", (r, _) => r.Facts.Group.Project, IsOptional: true)),
        new("service", None, r => r.Facts.Group.Service, Table: new(15, "SERVICE", (r, _) => r.Facts.Group.Service, IsOptional: true)),
        new("replica", None, r => r.Facts.Group.Replica),
        new("node", None, r => r.Facts.Node, Table: new(13, "NODE", (r, _) => r.Facts.Node, IsOptional: true)),
        new("aliases", None, r => r.Facts.Aliases),
        new("image", None, r => r.Facts.Image, Table: new(3, "IMAGE", (r, _) => ColumnText.Image(r.Facts.Image))),
        new("imageId", None, r => r.Facts.ImageId),
        new("createdAt", None, r => r.Facts.CreatedAt,
            Table: new(5, "CREATED", (r, now) => HumanText.Ago(now - r.Facts.CreatedAt) + " ago"),
            Metric: new("container_created_timestamp_seconds", "gauge", "Creation time in seconds since 1970.", Divisor: 1000)),
        new("command", None, r => r.Facts.Command, Table: new(4, "COMMAND", (r, _) => ColumnText.Command(r.Facts.Command))),
        new("state", None, r => r.Facts.State, Metric: new("container_state", "gauge", "1 for the state of the container.")),
        new("status", None, r => r.Facts.Status, Table: new(6, "STATUS", (r, _) => r.Facts.Status)),
        new("health", None, r => r.Facts.Health, Metric: new("container_health", "gauge", "1 for the result of the container's health check.")),
        new("networks", None, r => r.Facts.Networks, Table: new(7, "IP", (r, _) => ColumnText.Addresses(r.Facts.Networks))),
        new("ports", None, r => r.Facts.Ports, Table: new(8, "PORTS", (r, _) => ColumnText.Ports(r.Facts.Ports))),
        new("labels", None, r => r.Facts.Labels),
        .. Section("processes", Processes, r => r.Processes),
        new("processes.items", Processes, r => r.Processes?.Items, Metric: new("container_processes", "gauge", "Processes in the container.")),
        .. Section("network", Network, r => r.Network),
        new("network.mode", Network, r => r.Network?.Mode),
        new("network.sharedWith", Network, r => r.Network?.SharedWith),
        new("network.rxBytes", Network, r => r.Network?.RxBytes,
            Table: new(11, "NET I/O", (r, _) => HumanText.InAndOut(r.Network?.RxBytes, r.Network?.TxBytes)),
            Metric: Interface("receive_bytes", "Bytes received.", i => i.RxBytes)),
        new("network.rxPackets", Network, r => r.Network?.RxPackets, Metric: Interface("receive_packets", "Packets received.", i => i.RxPackets)),
        new("network.rxErrors", Network, r => r.Network?.RxErrors, Metric: Interface("receive_errors", "Receive errors.", i => i.RxErrors)),
        new("network.rxDropped", Network, r => r.Network?.RxDropped,
            Metric: Interface("receive_packets_dropped", "Received packets dropped.", i => i.RxDropped)),
        new("network.txBytes", Network, r => r.Network?.TxBytes, Metric: Interface("transmit_bytes", "Bytes transmitted.", i => i.TxBytes)),
        new("network.txPackets", Network, r => r.Network?.TxPackets, Metric: Interface("transmit_packets", "Packets transmitted.", i => i.TxPackets)),
        new("network.txErrors", Network, r => r.Network?.TxErrors, Metric: Interface("transmit_errors", "Transmit errors.", i => i.TxErrors)),
        new("network.txDropped", Network, r => r.Network?.TxDropped,
            Metric: Interface("transmit_packets_dropped", "Packets dropped while transmitting.", i => i.TxDropped)),
        new("network.rxBytesPerSecond", Network, r => r.Network?.RxBytesPerSecond),
        new("network.txBytesPerSecond", Network, r => r.Network?.TxBytesPerSecond),
        new("network.rateWindowMs", Network, r => r.Network?.RateWindowMs),
        new("network.interfaces", Network, r => r.Network?.Interfaces),
        .. Section("usage", Usage, r => r.Usage),
        new("usage.cpuPercent", Usage, r => r.Usage?.CpuPercent, Table: new(9, "CPU %", (r, _) => HumanText.Percent(r.Usage?.CpuPercent))),
        new("usage.cpuTimeMs", Usage, r => r.Usage?.CpuTimeMs,
            Metric: new("container_cpu_usage_seconds_total", "counter", "CPU time used, on all cores.", Divisor: 1000)),
        new("usage.memoryBytes", Usage, r => r.Usage?.MemoryBytes,
            Table: new(10, "MEM", (r, _) => r.Usage?.MemoryBytes is { } memory ? HumanText.BinarySize(memory) : null),
            Metric: new("container_memory_working_set_bytes", "gauge", "Memory used, without the inactive file cache.")),
        new("usage.memoryLimitBytes", Usage, r => r.Usage?.MemoryLimitBytes,
            Metric: new("container_spec_memory_limit_bytes", "gauge", "Memory limit of the container; the host's memory where it has no limit.")),
        new("usage.pids", Usage, r => r.Usage?.Pids,
            Table: new(12, "PIDS", (r, _) => r.Usage?.Pids?.ToString(CultureInfo.InvariantCulture)),
            Metric: new("container_threads", "gauge", "Processes and threads in the container.")),
        new("usage.blockReadBytes", Usage, r => r.Usage?.BlockReadBytes,
            Metric: new("container_fs_reads_bytes_total", "counter", "Bytes read from block devices.")),
        new("usage.blockWriteBytes", Usage, r => r.Usage?.BlockWriteBytes,
            Metric: new("container_fs_writes_bytes_total", "counter", "Bytes written to block devices.")),
        new("usage.blockReadBytesPerSecond", Usage, r => r.Usage?.BlockReadBytesPerSecond),
        new("usage.blockWriteBytesPerSecond", Usage, r => r.Usage?.BlockWriteBytesPerSecond),
        .. Section("details", Details, r => r.Details),
        new("details.startedAt", Details, r => r.Details?.StartedAt,
            Metric: new("container_start_time_seconds", "gauge", "Last start in seconds since 1970.", Divisor: 1000, Of: r => r.StartedAt)),
        new("details.finishedAt", Details, r => r.Details?.FinishedAt),
        new("details.exitCode", Details, r => r.Details?.ExitCode,
            Metric: new("container_last_exit_code", "gauge", "Exit code of the last run of a container that is not running.",
                Of: r => r.Details?.ExitCode ?? r.Facts.ExitCode)),
        new("details.oomKilled", Details, r => r.Details?.OomKilled,
            Metric: new("container_oom_events_total", "counter", "Processes killed at the container's memory limit.", Of: r => r.OomKills)),
        new("details.error", Details, r => r.Details?.Error),
        new("details.restartCount", Details, r => r.Details?.RestartCount,
            Table: new(17, "RESTARTS", (r, _) => r.Details?.RestartCount?.ToString(CultureInfo.InvariantCulture)),
            Metric: new("container_restarts_total", "counter", "Restarts by the engine since the last start by a client.")),
        new("details.restartPolicy", Details, r => r.Details?.RestartPolicy),
        new("details.pid", Details, r => r.Details?.Pid),
        new("details.entrypoint", Details, r => r.Details?.Entrypoint),
        new("details.arguments", Details, r => r.Details?.Arguments),
        new("details.workingDirectory", Details, r => r.Details?.WorkingDirectory),
        new("details.user", Details, r => r.Details?.User),
        new("details.hostname", Details, r => r.Details?.Hostname),
        new("details.environment", Details, r => r.Details?.Environment),
        new("details.mounts", Details, r => r.Details?.Mounts),
        new("details.limits", Details, r => r.Details?.Limits),
        new("details.logDriver", Details, r => r.Details?.LogDriver),
        new("details.healthLog", Details, r => r.Details?.HealthLog),
        .. Section("size", Size, r => r.Size),
        new("size.writableBytes", Size, r => r.Size?.WritableBytes, Table: new(18, "SIZE", (r, _) => ColumnText.Size(r.Size))),
        new("size.rootFsBytes", Size, r => r.Size?.RootFsBytes),
    ];

    /// <summary>The sections by name. <c>fields</c> accepts them, <c>sort</c> does not.</summary>
    public static readonly IReadOnlyDictionary<string, ContainerSections> Sections =
        new Dictionary<string, ContainerSections>(StringComparer.OrdinalIgnoreCase)
        {
            ["processes"] = Processes,
            ["network"] = Network,
            ["usage"] = Usage,
            ["details"] = Details,
            ["size"] = Size,
        };

    public static readonly ColumnSet<ContainerRow> Set = new("container", All);

    /// <summary>The section that must be read for a column or a section.</summary>
    private static ContainerSections SectionOf(string name) =>
        Sections.TryGetValue(name, out var section) ? section : (Set.Find(name) as ContainerColumn)?.Section ?? None;

    public static ContainerSections SectionsOf(IEnumerable<string> names) => names.Aggregate(None, (sections, name) => sections | SectionOf(name));

    private static IEnumerable<ContainerColumn> Section(string name, ContainerSections section, Func<ContainerRow, ContainerSection?> of) =>
    [
        new(name + ".state", section, r => of(r)?.State),
        new(name + ".reason", section, r => of(r)?.Reason),
        new(name + ".sampledAt", section, r => of(r)?.SampledAt),
        new(name + ".source", section, r => of(r)?.Source),
    ];

    private static MetricColumn Interface(string name, string help, Func<InterfaceTraffic, long> value) =>
        new($"container_network_{name}_total", "counter", help, OfInterface: value);
}
