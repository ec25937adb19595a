using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ContainerApi.Containers.Formatting;

/// <summary>
/// Pure: the picture in Prometheus's text format (0.0.4), under the names that cAdvisor gave to the same things where it
/// has them. What is not known has no sample.
/// </summary>
internal static partial class ContainerMetrics
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly IReadOnlyList<Metric> Metrics =
    [
        new("container_created_timestamp_seconds", "gauge", "When the container was created, in seconds since 1970.", c => [new("", c.CreatedAt.ToUnixTimeMilliseconds() / 1e3)]),
        new("container_state", "gauge", "1 with the state that the container is in.", c => [new($",state=\"{Escaped(c.State)}\"", 1)]),
        new("container_health", "gauge", "1 with what the container's health check says.", c => [new($",health=\"{Escaped(c.Health ?? "")}\"", c.Health is null ? null : 1)]),
        new("container_processes", "gauge", "Processes in the container.", c => [new("", c.Processes?.Items?.Count)]),
        new("container_threads", "gauge", "Processes and threads in the container.", c => [new("", c.Usage?.Pids)]),
        new("container_cpu_usage_seconds_total", "counter", "CPU time used, on all cores.", c => [new("", c.Usage?.CpuTimeMs / 1e3)]),
        new("container_memory_working_set_bytes", "gauge", "Memory used, without the inactive file cache.", c => [new("", c.Usage?.MemoryBytes)]),
        new("container_spec_memory_limit_bytes", "gauge", "The memory that the container may use; the host's where it has no limit.", c => [new("", c.Usage?.MemoryLimitBytes)]),
        new("container_fs_reads_bytes_total", "counter", "Bytes read from block devices.", c => [new("", c.Usage?.BlockReadBytes)]),
        new("container_fs_writes_bytes_total", "counter", "Bytes written to block devices.", c => [new("", c.Usage?.BlockWriteBytes)]),
        Network("receive_bytes", "Bytes received.", i => i.RxBytes),
        Network("receive_packets", "Packets received.", i => i.RxPackets),
        Network("receive_errors", "Packets received with errors.", i => i.RxErrors),
        Network("receive_packets_dropped", "Packets dropped on the way in.", i => i.RxDropped),
        Network("transmit_bytes", "Bytes sent.", i => i.TxBytes),
        Network("transmit_packets", "Packets sent.", i => i.TxPackets),
        Network("transmit_errors", "Packets that could not be sent.", i => i.TxErrors),
        Network("transmit_packets_dropped", "Packets dropped on the way out.", i => i.TxDropped),
    ];

    public static string Write(ContainerList list, MetricsOptions options)
    {
        var text = new StringBuilder();
        var containers = list.Items.Take(options.MaxContainers).Select(c => (Container: c, Labels: LabelsOf(c, options.ContainerLabels))).ToList();
        foreach (var metric in Metrics)
        {
            Head(text, metric.Name, metric.Type, metric.Help);
            foreach (var (container, labels) in containers)
            {
                foreach (var sample in metric.Samples(container))
                {
                    if (sample.Value is { } value)
                    {
                        text.Append(CultureInfo.InvariantCulture, $"{metric.Name}{{{labels}{sample.Labels}}} {value}\n");
                    }
                }
            }
        }

        Head(text, "containerapi_engine_up", "gauge", "1 while the engine answers.");
        foreach (var engine in list.Engines)
        {
            text.Append(CultureInfo.InvariantCulture, $"containerapi_engine_up{{engine=\"{Escaped(engine.Name)}\"}} {(engine.Error is null ? 1 : 0)}\n");
        }

        Head(text, "containerapi_metrics_omitted_containers", "gauge", "Containers beyond Metrics:MaxContainers, of which nothing is told.");
        text.Append(CultureInfo.InvariantCulture, $"containerapi_metrics_omitted_containers {list.Items.Count - containers.Count}\n");
        return text.ToString();
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    /// <summary>Interface by interface; a network that several containers share is told once, by the one that it was made for.</summary>
    private static Metric Network(string name, string help, Func<InterfaceTraffic, long> value) => new(
        $"container_network_{name}_total", "counter", help,
        c => c.Network is { SharedWith: null, Interfaces: { } interfaces }
            ? interfaces.Select(i => new Sample($",interface=\"{Escaped(i.Key)}\"", value(i.Value)))
            : []);

    private static string LabelsOf(Container container, IReadOnlyList<string> wanted)
    {
        var labels = new StringBuilder();
        labels.Append(CultureInfo.InvariantCulture, $"engine=\"{Escaped(container.Engine)}\",id=\"{container.ShortId}\",name=\"{Escaped(container.Name ?? "")}\",image=\"{Escaped(container.Image)}\"");
        foreach (var name in wanted)
        {
            labels.Append(CultureInfo.InvariantCulture, $",container_label_{NotInNames.Replace(name, "_")}=\"{Escaped(container.Labels.GetValueOrDefault(name) ?? "")}\"");
        }

        return labels.ToString();
    }

    private static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    [GeneratedRegex("[^a-zA-Z0-9_]")]
    private static partial Regex NotInNames { get; }

    private sealed record Metric(string Name, string Type, string Help, Func<Container, IEnumerable<Sample>> Samples);

    private readonly record struct Sample(string Labels, double? Value);
}
