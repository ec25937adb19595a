using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts the answer of <c>top</c> to facts.</summary>
internal static partial class ProcessTranslation
{
    /// <summary>
    /// Columns for <c>ps</c>. The user, whose name may contain blanks, is between numbers; the command is last. The start has no time
    /// zone, and the elapsed time varies by a second between calls: together they give one exact time.
    /// </summary>
    public const string Columns = "-eo pid,ppid,uid,user:64,etimes,cputimes,rss,lstart,args";

    /// <summary>All offsets of time zones in use are multiples of a quarter of an hour.</summary>
    private static readonly TimeSpan OffsetUnit = TimeSpan.FromMinutes(15);

    /// <summary>Reads <see cref="Columns"/> or, by title, those of another <c>ps</c>. Rows without a process id are skipped.</summary>
    /// <param name="now">The time on the engine's host.</param>
    public static IReadOnlyList<ProcessFacts> ToProcesses(ContainerTop top, DateTimeOffset now)
    {
        var titles = top.Titles.Required().WithoutNulls().Select(t => t.ToUpperInvariant()).ToList();
        var rows = top.Processes.WithoutNulls();
        return titles is ["PID", "PPID", "UID", "USER", "ELAPSED", "TIME", "RSS", "STARTED", "COMMAND"]
            ? [.. rows.Select(r => ToProcess(string.Join(' ', r), now)).OfType<ProcessFacts>()]
            : [.. rows.Select(r => ToProcess(titles, r)).OfType<ProcessFacts>()];
    }

    private static ProcessFacts? ToProcess(string row, DateTimeOffset now) =>
        RequestedColumns.Match(row) is { Success: true } match && Number(match.Groups["pid"]) is { } pid
        ? new ProcessFacts(
            pid, Number(match.Groups["ppid"]), match.Groups["user"].Value,
            Number(match.Groups["elapsed"]) is { } elapsed ? StartOf(match.Groups["start"].ValueSpan, now.AddSeconds(-elapsed)) : null,
            Number(match.Groups["cpu"]) is { } cpu ? TimeSpan.FromSeconds(cpu) : null, match.Groups["command"].Value)
        {
            MemoryBytes = Number(match.Groups["rss"]) * 1024L,
        }
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

    /// <param name="local">As <c>ctime</c> prints it, in the time zone of the engine's host.</param>
    /// <param name="about">The same time in UTC, to about a second.</param>
    private static DateTimeOffset? StartOf(ReadOnlySpan<char> local, DateTimeOffset about) =>
        DateTimeOffset.TryParseExact(
            local, "ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start)
            ? start - Math.Round((start - about) / OffsetUnit) * OffsetUnit
            : null;

    /// <summary>Null above the maximum: some kernels return 2^64 less a few seconds.</summary>
    private static int? Number(Group group) => int.TryParse(group.ValueSpan, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The engine splits rows at blanks. A user's name may contain blanks, so it is between numbers.</summary>
    [GeneratedRegex(
        @"^(?<pid>\d+) (?<ppid>\d+) (?<uid>\d+) (?<user>.+?) (?<elapsed>\d+) (?<cpu>\d+) (?<rss>\d+) (?<start>\S+ \S+ \d+ \S+ \d+) ?(?<command>.*)$",
        RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex RequestedColumns { get; }
}
