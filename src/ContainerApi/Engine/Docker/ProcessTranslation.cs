using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts the answer of <c>top</c> to facts.</summary>
internal static partial class ProcessTranslation
{
    /// <summary>Columns for <c>ps</c>. The user, whose name may contain blanks, is between numbers; the command is last.</summary>
    public const string Columns = "-eo pid,ppid,uid,user:64,etimes,cputimes,args";

    /// <summary>Reads <see cref="Columns"/> or, by title, those of another <c>ps</c>. Rows without a process id are skipped.</summary>
    public static IReadOnlyList<ProcessFacts> ToProcesses(ContainerTop top, DateTimeOffset now)
    {
        var titles = top.Titles.WithoutNulls().Select(t => t.ToUpperInvariant()).ToList();
        var rows = top.Processes.WithoutNulls();
        return titles is ["PID", "PPID", "UID", "USER", "ELAPSED", "TIME", "COMMAND"]
            ? [.. rows.Select(r => ToProcess(string.Join(' ', r), now)).OfType<ProcessFacts>()]
            : [.. rows.Select(r => ToProcess(titles, r)).OfType<ProcessFacts>()];
    }

    private static ProcessFacts? ToProcess(string row, DateTimeOffset now) => RequestedColumns.Match(row) is { Success: true } match
        ? new ProcessFacts(
            Number(match.Groups["pid"]), Number(match.Groups["ppid"]), match.Groups["user"].Value,
            // ps has whole seconds only.
            new DateTimeOffset(now.Ticks - now.Ticks % TimeSpan.TicksPerSecond, TimeSpan.Zero).AddSeconds(-Number(match.Groups["elapsed"])),
            TimeSpan.FromSeconds(Number(match.Groups["cpu"])), match.Groups["command"].Value)
        : null;

    private static ProcessFacts? ToProcess(List<string> titles, IReadOnlyList<string> row)
    {
        return int.TryParse(Column("PID"), CultureInfo.InvariantCulture, out var pid)
            ? new ProcessFacts(
                pid, int.TryParse(Column("PPID"), CultureInfo.InvariantCulture, out var parent) ? parent : null,
                Column("USER") ?? Column("UID"), null, null, Column("COMMAND") ?? Column("CMD") ?? Column("ARGS") ?? "")
            : null;

        string? Column(string title) => titles.IndexOf(title) is >= 0 and var index && index < row.Count ? row[index] : null;
    }

    private static int Number(Group group) => int.TryParse(group.ValueSpan, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>The engine splits rows at blanks. A user's name may contain blanks, so it is between numbers.</summary>
    [GeneratedRegex(
        @"^(?<pid>\d+) (?<ppid>\d+) (?<uid>\d+) (?<user>.+?) (?<elapsed>\d+) (?<cpu>\d+) ?(?<command>.*)$",
        RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex RequestedColumns { get; }
}
