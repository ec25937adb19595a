using System.Buffers.Binary;
using System.Buffers.Text;

namespace ContainerApi.Containers.Logs;

/// <summary>What the anchor of a mark is.</summary>
internal enum LogAnchor : byte
{
    /// <summary>A time from which on lines are counted.</summary>
    Time,

    /// <summary>The time of the first line of a tail: lines before it in the log are not wanted.</summary>
    FirstLine,

    /// <summary>The time of a tail of which no line was sent. By the clock of this service.</summary>
    Tail,
}

/// <summary>Where the reader of one log is: it has the first <paramref name="Count"/> lines from <paramref name="Anchor"/> on that are not
/// after <paramref name="Last"/>. Lines of both outputs are not exactly in the order of their times, so a time alone would not do.</summary>
internal readonly record struct LogMark(LogTime Anchor, LogTime Last, long Count, LogAnchor Kind = LogAnchor.Time)
{
    /// <summary>The time to read from; null for the beginning. Lines behind the first one may have earlier times.</summary>
    public LogTime? Since => IsFirstLine ? Anchor.Add(-LogCounter.AnchorInterval) : Anchor == default ? null : Anchor;

    public bool IsFirstLine => Kind == LogAnchor.FirstLine;

    /// <summary>Whether no line of a tail was sent.</summary>
    public bool IsUnread => Kind == LogAnchor.Tail;
}

/// <summary>
/// Where a stream of logs is, the meaning of <c>seq</c>. Containers share the anchor: it is some seconds before the last line, so
/// that a container without lines since then needs no entry. A container that is behind has a mark of its own.
/// </summary>
internal sealed class LogPosition
{
    public const string Expected = "must be the seq of an event of such a stream.";

    private const byte Version = 2;
    private const int HeaderBytes = 21;
    private const int EntryBytes = 9;
    private const int BehindBytes = 27;
    private const int KeyBytes = 5;
    private const int DigitsOfId = 8;

    private readonly Dictionary<string, LogMark> _containers = [];

    private LogPosition(LogTime anchor, LogTime last) => (Anchor, Last) = (anchor, last);

    public LogTime Anchor { get; }

    public LogTime Last { get; }

    /// <summary>The mark of a container.</summary>
    public LogMark MarkOf(string engine, string id) =>
        _containers.TryGetValue(KeyOf(engine, id), out var mark) ? mark : new LogMark(Anchor, Last, 0);

    /// <summary>The beginning of the id, which is random, and a check of the engine: two engines may be one.</summary>
    public static string KeyOf(string engine, string id) =>
        id[..DigitsOfId] + ((byte)engine.Aggregate(0, (hash, c) => (hash * 31) + c)).ToString("x2", CultureInfo.InvariantCulture);

    public static bool TryParse(string text, [NotNullWhen(true)] out LogPosition? position)
    {
        position = null;
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var length) || length < HeaderBytes || bytes[0] != Version)
        {
            return false;
        }

        var rest = bytes.AsSpan(0, length);
        var entries = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
        var read = new LogPosition(TimeAt(rest, 5), TimeAt(rest, 13));
        rest = rest[HeaderBytes..];
        if (rest.Length < entries * EntryBytes || (rest.Length - (entries * EntryBytes)) % BehindBytes != 0 || read.Anchor > read.Last)
        {
            return false;
        }

        for (var isBehind = false; !rest.IsEmpty; rest = rest[(isBehind ? BehindBytes : EntryBytes)..])
        {
            isBehind = entries == 0;
            entries -= (ushort)(isBehind ? 0 : 1);
            var count = BinaryPrimitives.ReadUInt32BigEndian(rest[KeyBytes..]);
            read._containers[Convert.ToHexStringLower(rest[..KeyBytes])] = isBehind
                ? new LogMark(TimeAt(rest, 9), TimeAt(rest, 17), count, (LogAnchor)rest[25])
                : new LogMark(read.Anchor, read.Last, count);
        }

        position = read;
        return true;
    }

    /// <summary>Writes the position of the cursors as Base64 for URLs, and returns its length.</summary>
    public static int Write(LogTime anchor, LogTime last, IReadOnlyCollection<LogCursor> cursors, Span<byte> text)
    {
        var bytes = text[^MaxBytes(cursors.Count)..];
        bytes[..HeaderBytes].Clear();
        bytes[0] = Version;
        Write(anchor, bytes[5..]);
        Write(last, bytes[13..]);
        var at = HeaderBytes;
        ushort entries = 0;
        foreach (var cursor in cursors)
        {
            if (!cursor.IsBehind && cursor.Shared > 0)
            {
                WriteEntry(cursor.Key, Capped(cursor.Shared), bytes[at..]);
                at += EntryBytes;
                entries++;
            }
        }

        BinaryPrimitives.WriteUInt16BigEndian(bytes[1..], entries);
        foreach (var cursor in cursors)
        {
            if (cursor.IsBehind)
            {
                var own = cursor.Own;
                WriteEntry(cursor.Key, Capped(own.Count), bytes[at..]);
                Write(own.Anchor, bytes[(at + 9)..]);
                Write(own.Last, bytes[(at + 17)..]);
                bytes[at + 25] = (byte)own.Kind;
                bytes[at + 26] = 0;
                at += BehindBytes;
            }
        }

        return Base64Url.EncodeToUtf8(bytes[..at], text);
    }

    /// <summary>The size of the span for the text, whose end has the bytes while they are encoded.</summary>
    public static int MaxTextLength(int cursors) => 3 * MaxBytes(cursors);

    /// <summary>A reader may put a container behind meanwhile: then it has both.</summary>
    private static int MaxBytes(int cursors) => HeaderBytes + (cursors * (EntryBytes + BehindBytes));

    private static void WriteEntry(string key, uint count, Span<byte> bytes)
    {
        Convert.FromHexString(key, bytes, out _, out _);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[KeyBytes..], count);
    }

    private static uint Capped(long count) => (uint)Math.Min(count, uint.MaxValue);

    private static LogTime TimeAt(ReadOnlySpan<byte> bytes, int at) => new(BinaryPrimitives.ReadInt64BigEndian(bytes[at..]));

    private static void Write(LogTime time, Span<byte> bytes) => BinaryPrimitives.WriteInt64BigEndian(bytes, time.Nanoseconds);
}
