using ContainerApi.Api.Lists;

namespace ContainerApi.Containers.Formatting;

/// <summary>One process of a list of processes.</summary>
internal sealed record ProcessRow(string Engine, ContainerProcess Process) : IRow<ProcessRow>
{
    public static ColumnSet<ProcessRow> Columns => ProcessColumns.Set;

    public string Id => Process.Pid.ToString("d10", CultureInfo.InvariantCulture);
}

/// <summary>The columns of the processes, declared once. The table has those of <c>top</c>.</summary>
internal static class ProcessColumns
{
    public static readonly ColumnSet<ProcessRow> Set = new("process",
    [
        new("pid", r => r.Process.Pid, new(1, "PID", (r, _) => r.Process.Pid.ToString(CultureInfo.InvariantCulture))),
        new("parentPid", r => r.Process.ParentPid, new(2, "PPID", (r, _) => r.Process.ParentPid?.ToString(CultureInfo.InvariantCulture))),
        new("user", r => r.Process.User, new(3, "USER", (r, _) => r.Process.User)),
        new("startedAt", r => r.Process.StartedAt),
        new("cpuTimeMs", r => r.Process.CpuTimeMs, new(6, "TIME", (r, _) => Time(r.Process.CpuTimeMs))),
        new("cpuPercent", r => r.Process.CpuPercent, new(5, "CPU %", (r, _) => HumanText.Percent(r.Process.CpuPercent))),
        new("memoryBytes", r => r.Process.MemoryBytes,
            new(4, "MEM", (r, _) => r.Process.MemoryBytes is { } memory ? HumanText.BinarySize(memory) : null)),
        new("command", r => r.Process.Command, new(7, "COMMAND", (r, _) => r.Process.Command)),
    ]);

    /// <summary>The order of <c>top</c>.</summary>
    public static readonly ListSort<ProcessRow> ByCpu = new(Set.Find("cpuPercent")!, Descending: true);

    public static readonly ListSort<ProcessRow> ByPid = new(Set.Find("pid")!, Descending: false);

    /// <summary>Minutes, seconds and hundredths, as in <c>TIME+</c> of <c>top</c>.</summary>
    private static string? Time(long? milliseconds) => milliseconds is { } ms
        ? string.Create(CultureInfo.InvariantCulture, $"{ms / 60_000}:{ms / 1000 % 60:00}.{ms / 10 % 100:00}")
        : null;
}
