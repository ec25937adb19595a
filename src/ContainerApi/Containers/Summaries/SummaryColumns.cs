using ContainerApi.Api.Lists;

namespace ContainerApi.Containers.Summaries;

/// <summary>One row of the table and of CSV: a group, or their total.</summary>
/// <param name="Engine">Part of the order of rows; a group has no engine of its own.</param>
/// <param name="Id">The position of the group.</param>
/// <param name="Key">The value of each dimension.</param>
internal sealed record SummaryRow(string Engine, string Id, IReadOnlyDictionary<string, string?> Key, SummaryFigures Figures) : IRow<SummaryRow>
{
    public static ColumnSet<SummaryRow> Columns => SummaryColumns.Set;

    public static SummaryRow Of(SummaryGroup group, int position) => new("", position.ToString("d9", CultureInfo.InvariantCulture), group.Key, group);

    public static SummaryRow Total(ContainerSummary summary)
    {
        var first = summary.By.Min();
        return new("", "", summary.By.ToDictionary(Summarizer.NameOf, string? (d) => d == first ? "TOTAL" : ""), summary.Total);
    }
}

/// <summary>A column with a dimension, which the other rows do not have.</summary>
internal sealed record DimensionColumn(string Dimension, int Position) : Column<SummaryRow>(
    "key." + Dimension,
    row => row.Key.GetValueOrDefault(Dimension),
    new(Position, Dimension.ToUpperInvariant(), (row, _) => row.Key.GetValueOrDefault(Dimension)))
{
    public override bool IsIn(SummaryRow row) => row.Key.ContainsKey(Dimension);

    public override bool IsInAny(IReadOnlyList<SummaryRow> rows) => rows.Any(IsIn);
}

/// <summary>The columns of a summary, declared once for <c>sort</c>, the table and CSV.</summary>
internal static class SummaryColumns
{
    private static readonly IReadOnlyList<Column<SummaryRow>> All =
    [
        new DimensionColumn("project", 1),
        new DimensionColumn("service", 2),
        new DimensionColumn("engine", 3),
        new DimensionColumn("image", 4),
        new("containers.total", r => r.Figures.Containers.Total, new(5, "CONTAINERS", (r, _) => Text(r.Figures.Containers.Total))),
        new("containers.created", r => r.Figures.Containers.Created),
        new("containers.running", r => r.Figures.Containers.Running, new(6, "RUNNING", (r, _) => Text(r.Figures.Containers.Running))),
        new("containers.paused", r => r.Figures.Containers.Paused),
        new("containers.restarting", r => r.Figures.Containers.Restarting),
        new("containers.removing", r => r.Figures.Containers.Removing),
        new("containers.exited", r => r.Figures.Containers.Exited),
        new("containers.dead", r => r.Figures.Containers.Dead),
        new("containers.unhealthy", r => r.Figures.Containers.Unhealthy,
            new(7, "UNHEALTHY", (r, _) => Positive(r.Figures.Containers.Unhealthy), IsOptional: true)),
        new("processes", r => r.Figures.Processes, new(8, "PROCESSES", (r, _) => Text(r.Figures.Processes))),
        new("usage.cpuPercent", r => r.Figures.Usage.CpuPercent, new(9, "CPU %", (r, _) => HumanText.Percent(r.Figures.Usage.CpuPercent))),
        new("usage.memoryBytes", r => r.Figures.Usage.MemoryBytes,
            new(10, "MEM", (r, _) => r.Figures.Usage.MemoryBytes is { } memory ? HumanText.BinarySize(memory) : null)),
        new("usage.pids", r => r.Figures.Usage.Pids),
        new("usage.blockReadBytes", r => r.Figures.Usage.BlockReadBytes,
            new(13, "BLOCK I/O", (r, _) => HumanText.InAndOut(r.Figures.Usage.BlockReadBytes, r.Figures.Usage.BlockWriteBytes))),
        new("usage.blockWriteBytes", r => r.Figures.Usage.BlockWriteBytes),
        new("usage.blockReadBytesPerSecond", r => r.Figures.Usage.BlockReadBytesPerSecond, new(14, "BLOCK I/O PER S",
            (r, _) => HumanText.InAndOut(r.Figures.Usage.BlockReadBytesPerSecond, r.Figures.Usage.BlockWriteBytesPerSecond))),
        new("usage.blockWriteBytesPerSecond", r => r.Figures.Usage.BlockWriteBytesPerSecond),
        new("network.rxBytes", r => r.Figures.Network.RxBytes,
            new(11, "NET I/O", (r, _) => HumanText.InAndOut(r.Figures.Network.RxBytes, r.Figures.Network.TxBytes))),
        new("network.txBytes", r => r.Figures.Network.TxBytes),
        new("network.rxBytesPerSecond", r => r.Figures.Network.RxBytesPerSecond, new(12, "NET I/O PER S",
            (r, _) => HumanText.InAndOut(r.Figures.Network.RxBytesPerSecond, r.Figures.Network.TxBytesPerSecond))),
        new("network.txBytesPerSecond", r => r.Figures.Network.TxBytesPerSecond),
        new("missing", r => r.Figures.Missing, new(15, "MISSING", (r, _) => Positive(r.Figures.Missing), IsOptional: true)),
    ];

    public static readonly ColumnSet<SummaryRow> Set = new("group", All);

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string? Positive(int number) => number > 0 ? Text(number) : null;
}
