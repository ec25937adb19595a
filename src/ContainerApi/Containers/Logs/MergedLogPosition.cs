using ContainerApi.Api.Requests;

namespace ContainerApi.Containers.Logs;

/// <summary>
/// Where a stream of several replicas is: the position in the stream of each, by the names of its engines, as in
/// <c>node1~POSITION~node2~POSITION</c>. A position of one replica alone counts for each.
/// </summary>
internal sealed class MergedLogPosition
{
    public const char Separator = '~';

    private readonly Dictionary<string, string> _parts = [];
    private readonly LogTime _last;

    private MergedLogPosition(string text)
    {
        var words = text.Split(Separator);
        for (var n = 0; n + 1 < words.Length; n += 2)
        {
            _parts[words[n]] = words[n + 1];
        }

        Whole = words.Length == 1 ? text : null;
        _last = words.Select(w => LogPosition.TryParse(w, out var position) ? position.Last : default).Max();
    }

    /// <summary>The position of one replica alone; null for one of several.</summary>
    private string? Whole { get; }

    /// <summary>The name of a replica in a position.</summary>
    public static string KeyOf(IEnumerable<string> engines) => string.Join(',', engines);

    public static MergedLogPosition? Of(StreamPosition position) => position.Seq is { } seq ? new MergedLogPosition(seq) : null;

    public static bool IsValid(string text)
    {
        var words = text.Split(Separator);
        return words is [var one]
            ? LogPosition.TryParse(one, out _)
            : words.Length % 2 == 0 && words.Where((_, n) => n % 2 == 1).All(w => LogPosition.TryParse(w, out _));
    }

    /// <summary>Returns what continues the stream of a replica: its position, or the time of the last line where it has none, because it
    /// joined later.</summary>
    public (string? After, LogTime Since) PartOf(string key) => (Whole ?? _parts.GetValueOrDefault(key), _last);

    /// <summary>The parameters of a stream of this replica alone.</summary>
    public static LogOptions Local(LogOptions options, string key) => Of(options.Position)?.PartOf(key) switch
    {
        ({ } after, _) => options with { Position = new StreamPosition(after, null) },
        (null, var since) => options with
        {
            Position = new StreamPosition(null, null),
            Tail = new LogTail((int?)null),
            Since = new LogBound(since, default),
        },
        null => options,
    };
}
