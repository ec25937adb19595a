namespace ContainerApi.Builds.History;

/// <summary>
/// Consecutive events of a build as JSON lines. A segment only grows, so the lines that a reader holds stay valid.
/// </summary>
internal sealed class LogSegment(long first, int capacity)
{
    private const byte NewLine = (byte)'\n';
    private readonly byte[] _lines = new byte[capacity];
    private List<BuildEvent>? _events = [];

    /// <summary>Number of the first event.</summary>
    public long First { get; } = first;

    /// <summary>Number of the event after the last one.</summary>
    public long Next { get; private set; } = first;

    public int Length { get; private set; }

    /// <summary>End of the stored part: number and offset of the first event that is not stored.</summary>
    public (long Next, int Length) Stored { get; private set; } = (first, 0);

    public bool IsStored => Stored.Length == Length;

    public int Unstored => Length - Stored.Length;

    public bool HasRoomFor(int length) => _lines.Length - Length >= length;

    /// <param name="line">The event as JSON, with the line break.</param>
    public void Add(BuildEvent buildEvent, ReadOnlySpan<byte> line)
    {
        _events?.Add(buildEvent);
        line.CopyTo(_lines.AsSpan(Length));
        Length += line.Length;
        Next++;
    }

    public LogBatch ReadFrom(long number)
    {
        var lines = SkipLines(_lines.AsMemory(0, Length), number - First);
        return new LogBatch(new StoredLines(number, Next, lines), _events?[(int)(number - First)..]);
    }

    /// <summary>Keeps only the lines.</summary>
    public void DropEvents() => _events = null;

    public StoredLines TakeUnstored() => new(Stored.Next, Next, _lines.AsMemory(Stored.Length, Length - Stored.Length));

    public void MarkStored(StoredLines taken) => Stored = (taken.Next, Stored.Length + taken.Lines.Length);

    public static ReadOnlyMemory<byte> SkipLines(ReadOnlyMemory<byte> lines, long count)
    {
        for (; count > 0; count--)
        {
            lines = lines[(lines.Span.IndexOf(NewLine) + 1)..];
        }

        return lines;
    }
}

/// <summary>Consecutive events of a build as JSON lines.</summary>
/// <param name="First">Number of the first event.</param>
/// <param name="Next">Number of the event after the last one.</param>
internal readonly record struct StoredLines(long First, long Next, ReadOnlyMemory<byte> Lines);
