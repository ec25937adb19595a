namespace ContainerApi.Builds.History;

/// <summary>
/// A stretch of a build's events as they are sent: lines of JSON, one after the other. It only grows, so what a reader was
/// given stays true while more is added.
/// </summary>
internal sealed class LogSegment(long first, int capacity)
{
    private const byte NewLine = (byte)'\n';
    private readonly byte[] _lines = new byte[capacity];

    /// <summary>The number of its first event.</summary>
    public long First { get; } = first;

    /// <summary>The number of the event after its last one.</summary>
    public long Next { get; private set; } = first;

    public int Length { get; private set; }

    /// <summary>How much of it the store has: the number of the next event, and where that begins.</summary>
    public (long Next, int Length) Stored { get; private set; } = (first, 0);

    public bool IsStored => Stored.Length == Length;

    public int Unstored => Length - Stored.Length;

    public bool HasRoomFor(int length) => _lines.Length - Length >= length;

    /// <param name="line">One line, its end included.</param>
    public void Add(ReadOnlySpan<byte> line)
    {
        line.CopyTo(_lines.AsSpan(Length));
        Length += line.Length;
        Next++;
    }

    /// <summary>The lines from this event on.</summary>
    public ReadOnlyMemory<byte> From(long number) => SkipLines(_lines.AsMemory(0, Length), number - First);

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

/// <summary>Some events of a build as they are sent.</summary>
/// <param name="First">The number of the first.</param>
/// <param name="Next">The number of the one after the last.</param>
internal readonly record struct StoredLines(long First, long Next, ReadOnlyMemory<byte> Lines);
