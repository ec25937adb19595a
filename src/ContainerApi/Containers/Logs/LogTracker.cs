namespace ContainerApi.Containers.Logs;

/// <summary>How far one container's log has been sent.</summary>
/// <param name="start">Where it starts.</param>
internal sealed class LogCursor(string engine, string id, LogMark start)
{
    private LogCounter _own = new(start);
    private int _connection = 1;
    private int _settled;

    /// <summary>See <see cref="LogPosition.KeyOf"/>.</summary>
    public string Key { get; } = LogPosition.KeyOf(engine, id);

    /// <summary>Whether the container has a mark of its own in the position: it may have lines from before the anchor of the stream, because
    /// its engine answers late, or its first line is after the anchor.</summary>
    public bool IsBehind => Volatile.Read(ref _connection) != _settled;

    /// <summary>Counts what may put the container behind, as a call of its engine does.</summary>
    public int Connection => Volatile.Read(ref _connection);

    /// <summary>The anchor of the stream after which the container needs no mark: lines before its first one are not wanted, and those that
    /// an earlier stream sent since an older anchor are not counted.</summary>
    public LogTime Begin { get; private set; } = BeginOf(start);

    /// <summary>The number of lines since the anchor of the stream.</summary>
    public long Shared { get; set; }

    /// <summary>The number of lines since the next anchor of the stream.</summary>
    public long SharedNext { get; set; }

    /// <summary>The mark of this log alone.</summary>
    public LogMark Own => _own.Mark;

    public void Start(LogMark mark) => (_own, Begin) = (new LogCounter(mark), BeginOf(mark));

    /// <summary>Starts a tail at its first line.</summary>
    public void StartAt(LogTime first)
    {
        if (Own.IsUnread)
        {
            Start(new LogMark(first, first, 0, LogAnchor.FirstLine));
        }
    }

    public void PutBehind() => Interlocked.Increment(ref _connection);

    /// <summary>Ends being behind, if nothing put the container behind since then.</summary>
    public void Settle(int connection) => _settled = connection;

    /// <summary>Counts a line.</summary>
    public void Advance(LogTime time) => _own.Advance(time);

    private static LogTime BeginOf(LogMark mark) =>
        mark.Anchor.Add(LogCounter.AnchorInterval) is var first && first > mark.Last ? first : mark.Last;
}

/// <summary>Counts the lines since an anchor that moves on with the lines, some seconds behind them.</summary>
internal sealed class LogCounter(LogMark start)
{
    /// <summary>How much later than the lines of other containers a busy engine may send those of one that it has been following.</summary>
    public static readonly TimeSpan AnchorInterval = TimeSpan.FromSeconds(5);

    private LogTime _next = start.Anchor;
    private long _countOfNext = start.Count;

    public LogMark Mark { get; private set; } = start;

    public void Advance(LogTime time)
    {
        var (anchor, last, count, kind) = Mark;
        var isFirst = kind == LogAnchor.FirstLine;
        if (time > last)
        {
            last = time;
            if (time >= _next.Add(AnchorInterval))
            {
                // No line before this one is as late, so the count begins here.
                isFirst &= anchor == _next;
                (anchor, count) = (_next, _countOfNext);
                (_next, _countOfNext) = (time, 0);
            }
        }

        // After the first line of a tail, lines with earlier times belong to the tail, too.
        _countOfNext += time >= _next || (isFirst && _next == anchor) ? 1 : 0;
        Mark = new LogMark(anchor, last, time >= anchor || isFirst ? count + 1 : count, isFirst ? kind : LogAnchor.Time);
    }
}

/// <summary>Tracks what a stream of several logs has sent, for <c>seq</c>. See <see cref="LogPosition"/>.</summary>
internal sealed class LogTracker
{
    private readonly List<LogCursor> _cursors = [];
    private LogTime _next;
    private bool _isStarted;
    private byte[] _text = [];

    /// <summary>No container that is not behind has lines before it.</summary>
    public LogTime Anchor { get; private set; }

    public LogTime Last { get; private set; }

    public LogCursor Add(string engine, string id, LogMark start)
    {
        var cursor = new LogCursor(engine, id, start);
        _cursors.Add(cursor);
        return cursor;
    }

    /// <summary>Forgets a container that does not exist any more.</summary>
    public void Remove(LogCursor cursor) => _cursors.Remove(cursor);

    public void Start(LogTime anchor, LogTime last) => (Anchor, _next, Last, _isStarted) = (anchor, anchor, last, true);

    public void Advance(LogCursor cursor, LogTime time)
    {
        if (!_isStarted)
        {
            Start(time, time);
        }

        if (time > Last)
        {
            Last = time;
            if (time >= _next.Add(LogCounter.AnchorInterval))
            {
                (Anchor, _next) = (_next, time);
                foreach (var other in _cursors)
                {
                    (other.Shared, other.SharedNext) = (other.SharedNext, 0);
                }
            }
        }

        cursor.Shared += time >= Anchor ? 1 : 0;
        cursor.SharedNext += time >= _next ? 1 : 0;
        cursor.Advance(time);
        if (time >= Anchor)
        {
            Settle(cursor, cursor.Connection);
        }
        else if (!cursor.IsBehind)
        {
            cursor.PutBehind();
        }
    }

    /// <summary>Drops the mark of a container that has no lines from before the anchor any more.</summary>
    /// <param name="connection">The value of <see cref="LogCursor.Connection"/> for which this is known.</param>
    public void Settle(LogCursor cursor, int connection)
    {
        if (!_isStarted)
        {
            return;
        }

        if (cursor.Own.IsUnread)
        {
            cursor.Start(new LogMark(Anchor, Last, 0));
        }

        if (cursor.Begin < Anchor)
        {
            cursor.Settle(connection);
        }
    }

    /// <summary>Returns the <c>seq</c> of now, as UTF-8; empty before the first line.</summary>
    public ReadOnlySpan<byte> Seq()
    {
        if (!_isStarted)
        {
            return default;
        }

        var max = LogPosition.MaxTextLength(_cursors.Count);
        _text = _text.Length >= max ? _text : new byte[max];
        return _text.AsSpan(0, LogPosition.Write(Anchor, Last, _cursors, _text));
    }
}
