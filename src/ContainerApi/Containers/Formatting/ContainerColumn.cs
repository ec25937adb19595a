using ContainerApi.Api;
using ContainerApi.Api.Lists;

namespace ContainerApi.Containers.Formatting;

/// <summary>One column of the containers.</summary>
/// <param name="Section">The section that must be read for it.</param>
internal sealed record ContainerColumn(
    string Name, ContainerSections Section, Func<ContainerRow, object?> Value, TableColumn<ContainerRow>? Table = null, MetricColumn? Metric = null)
    : Column<ContainerRow>(Name, Value, Table)
{
    public override bool IsIn(ContainerRow row) => row.Has(Section);

    public override bool IsInAny(IReadOnlyList<ContainerRow> rows) => Section == ContainerSections.None || rows.Any(IsIn);

    public override CsvValue Cell(object? value) => value switch
    {
        IEnumerable<NetworkFacts> networks =>
            Joined(" ", networks.Select(n => $"{n.Name}={string.Join('|', new[] { n.Ipv4, n.Ipv6 }.OfType<string>())}")),
        IEnumerable<PortFacts> ports => new CsvValue(ColumnText.Ports([.. ports]), IsTrusted: true),
        IEnumerable<ContainerProcess> processes =>
            Joined("; ", processes.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Pid} {p.User} {p.Command}"))),
        IEnumerable<KeyValuePair<string, InterfaceTraffic>> interfaces =>
            Joined(" ", interfaces.Select(i => string.Create(CultureInfo.InvariantCulture, $"{i.Key}={i.Value.RxBytes}/{i.Value.TxBytes}"))),
        _ => base.Cell(value),
    };
}

/// <summary>How Prometheus shows a column: a number as a sample, a text as a label of a sample with the value 1.</summary>
/// <param name="Divisor">1000 turns milliseconds into seconds.</param>
/// <param name="Of">The value of the metric; null for that of the column.</param>
/// <param name="OfInterface">Where set, one sample for each network interface.</param>
internal sealed record MetricColumn(
    string Name, string Type, string Help, double Divisor = 1, Func<ContainerRow, object?>? Of = null,
    Func<InterfaceTraffic, long>? OfInterface = null);
