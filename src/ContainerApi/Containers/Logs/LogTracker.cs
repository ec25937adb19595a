namespace ContainerApi.Containers.Logs;

/// <summary>How far one container's log has been sent.</summary>
internal sealed class LogCursor(string engine, string id)
{
    private LogCounter? _own;

    /// <summary>See <see cref="LogPosition.KeyOf"/>.</summary>
    public string Key { get; } = LogPosition.KeyOf(engine, id);

    /// <summary>Whether the container has a mark of its own in the position: it may have lines from before the anchor of the stream, because
    /// its engine answers late, or its first line is after the anchor.</summary>
    public bool IsBehind { get; set; } = true;

    /// <summary>The time of the first line.</summary>
    public LogTime Begin { get; private set; }

    /// <summary>The number of lines since the anchor of the stream.</summary>
    public long Shared { get; set; }

    /// <summary>The number of lines since the next anchor of the stream.</summary>
    public long SharedNext { get; set; }

    /// <summary>The mark of this log alone; null where no line was sent.</summary>
    public LogMark? Own => _own?.Mark;

    /// <summary>Whether the log seems to be empty: its engine sends nothing. A slow engine may send the lines later.</summary>
    public bool IsEmpty { get; private set; }

    public void Start(LogMark mark) => (_own, Begin, IsEmpty) = (new LogCounter(mark), mark.Anchor, false);

    public void StartEmpty(LogMark mark)
    {
        Start(mark);
        IsEmpty = true;
    }

    /// <summary>Starts a log at its first line, if nothing else says where it starts.</summary>
    public void StartAt(LogTime first)
    {
        if (Own is null || IsEmpty)
        {
            Start(new LogMark(first, first, 0, IsFirstLine: true));
            IsBehind = true;
        }
    }

    /// <summary>Counts a line of a cursor that was started.</summary>
    public void Advance(LogTime time) => _own!.Advance(time);
}

/// <summary>Counts the lines since an anchor that moves on with the lines, at least one second behind them.</summary>
internal sealed class LogCounter(LogMark start)
{
    public static readonly TimeSpan AnchorInterval = TimeSpan.FromSeconds(1);

    private LogTime _next = start.Anchor;
    private long _countOfNext = start.Count;

    public LogMark Mark { get; private set; } = start;

    public void Advance(LogTime time)
    {
        var (anchor, last, count, isFirst) = Mark;
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
        Mark = new LogMark(anchor, last, time >= anchor || isFirst ? count + 1 : count, isFirst);
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

    public LogCursor Add(string engine, string id)
    {
        var cursor = new LogCursor(engine, id);
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
            Settle(cursor);
        }
    }

    /// <summary>Drops the mark of a container that has no lines from before the anchor any more.</summary>
    public void Settle(LogCursor cursor)
    {
        if (!_isStarted)
        {
            return;
        }

        if (cursor.Own is null)
        {
            cursor.StartEmpty(new LogMark(Anchor, Last, 0));
        }

        cursor.IsBehind &= cursor.Begin.Add(LogCounter.AnchorInterval) > Anchor;
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
