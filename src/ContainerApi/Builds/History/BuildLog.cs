using System.Buffers;
using System.Text.Encodings.Web;
using System.Threading.Channels;
using ContainerApi.Api;

namespace ContainerApi.Builds.History;

/// <summary>
/// The events of one build as JSON lines. The build appends each event once, and any number of followers read at their own pace.
/// The log writes itself to the store; stored events leave the memory, except for the latest ones.
/// </summary>
/// <remarks>Only the build appends. Output without a pause becomes one event, not an event per line.</remarks>
internal sealed class BuildLog
{
    private const int SegmentSize = 64 * 1024;

    /// <summary>Maximum length of the text of one event, in characters.</summary>
    private const int MaxTextLength = 16 * 1024;

    /// <summary>How many bytes of stored events stay in memory for followers that keep up.</summary>
    private const int Window = 512 * 1024;

    /// <summary>How many bytes may wait for the store. Beyond that the build waits, or, when nothing is stored, its output is dropped.</summary>
    public const int MaxUnstored = 8 * 1024 * 1024;

    /// <summary>How long changes are collected before they are written together.</summary>
    private static readonly TimeSpan BatchDelay = TimeSpan.FromMilliseconds(200);

    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly HistoryOptions _options;
    private readonly TimeProvider _time;
    private readonly BuildStore? _store;
    private readonly Lock _lock = new();
    private readonly List<LogSegment> _segments = [];
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(1);

    private Build? _build;
    private ArrayBufferWriter<byte> _line = new();
    private StringBuilder _text = new();
    private LogEvent? _pending;
    private TaskCompletionSource? _grown;
    private TaskCompletionSource? _room;
    private bool _isStoring;
    private bool _isTruncated;

    /// <param name="store">Null keeps the events in memory.</param>
    public BuildLog(HistoryOptions options, TimeProvider time, BuildStore? store = null)
    {
        (_options, _time, _store) = (options, time, store);
        _isStoring = store is null or { HasFile: true, Failure: null };
        Written = store?.HasFile is true ? Task.Run(() => WriteAsync(store)) : Task.CompletedTask;
    }

    /// <summary>The log of a build that ended before this service started.</summary>
    public BuildLog(HistoryOptions options, TimeProvider time, BuildStore store, long count, long bytes)
    {
        (_options, _time, _store) = (options, time, store);
        (Count, Bytes, IsClosed, Written) = (count, bytes, true, Task.CompletedTask);
    }

    /// <summary>Number of events.</summary>
    public long Count { get; private set; }

    /// <summary>Size of all events.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the last event was added.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Completes when the closed log is in the store, or the store was closed. Never fails.</summary>
    public Task Written { get; private set; }

    /// <param name="build">The state of the build after the event, for the store.</param>
    public void Add(BuildEvent buildEvent, Build? build = null)
    {
        var log = buildEvent as LogEvent;
        if (log is null || _pending?.StepId != log.StepId || _pending?.Stream != log.Stream)
        {
            Flush();
        }

        if (log is null)
        {
            Append(buildEvent, build);
            return;
        }

        _pending ??= log with { At = _time.GetUtcNow() };
        if (_text.Append(log.Text).Length >= MaxTextLength)
        {
            Flush();
        }
    }

    /// <summary>Appends the collected output as one event. The build calls it before a pause.</summary>
    public void Flush()
    {
        if (_pending is { } log)
        {
            Append(log with { Text = _text.ToString() });
            _text.Clear();
            _pending = null;
        }
    }

    /// <summary>Ends the log.</summary>
    public void Close()
    {
        Flush();
        lock (_lock)
        {
            // A log is kept for long; its buffers and objects are not.
            (_line, _text) = (new ArrayBufferWriter<byte>(), new StringBuilder());
            _segments.ForEach(s => s.DropEvents());
            IsClosed = true;
            Pulse(ref _grown);
        }

        _changes.Writer.TryWrite(true);
        _changes.Writer.TryComplete();
    }

    /// <summary>Removes the closed log from the store.</summary>
    public Task DeleteAsync(string build)
    {
        return Written = DeleteAsync(Written);

        async Task DeleteAsync(Task written)
        {
            await written;
            while (_store is not null && !await _store.DeleteAsync(build) && await _store.DelayRetryAsync())
            {
            }
        }
    }

    /// <summary>Waits while too many events wait for the store.</summary>
    public Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _isStoring && Unstored > MaxUnstored ? Wait(ref _room).WaitAsync(cancellationToken) : Task.CompletedTask;
        }
    }

    /// <summary>Returns the events from a number on, as far as they are in memory.</summary>
    public LogRead Read(long from)
    {
        lock (_lock)
        {
            if (from >= Count)
            {
                return new LogRead(default, IsClosed ? null : Wait(ref _grown), StoredUntil: null);
            }

            return _segments.FindLast(s => s.First <= from) is { } segment
                ? new LogRead(segment.ReadFrom(from), null, StoredUntil: null)
                : new LogRead(default, null, StoredUntil: _segments.Count > 0 ? _segments[0].First : Count);
        }
    }

    /// <summary>Returns the events that are not in the store.</summary>
    public IReadOnlyList<StoredLines> TakeUnstored()
    {
        lock (_lock)
        {
            return [.. _segments.Where(s => !s.IsStored).Select(s => s.TakeUnstored())];
        }
    }

    /// <summary>Marks events as stored and removes the oldest stored segments from memory.</summary>
    public void MarkStored(IReadOnlyList<StoredLines> taken)
    {
        lock (_lock)
        {
            foreach (var lines in taken)
            {
                _segments.First(s => s.First <= lines.First && lines.First < s.Next).MarkStored(lines);
            }

            var held = _segments.Sum(s => (long)s.Length);
            while (_segments.Count > 0 && _segments[0].IsStored && (IsClosed || (_segments.Count > 1 && held > Window)))
            {
                held -= _segments[0].Length;
                _segments.RemoveAt(0);
            }

            _isStoring = true;
            Pulse(ref _room);
        }
    }

    /// <summary>Keeps the events in memory, because the store does not accept them for now.</summary>
    public void MarkNotStoring()
    {
        lock (_lock)
        {
            _isStoring = false;
            Pulse(ref _room);
        }
    }

    private long Unstored => _segments.Sum(s => (long)s.Unstored);

    private async Task WriteAsync(BuildStore store)
    {
        while (await _changes.Reader.WaitToReadAsync())
        {
            await Task.Delay(BatchDelay, store.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _changes.Reader.TryRead(out _);
            while (!await TryWriteAsync(store))
            {
                MarkNotStoring();
                if (!await store.DelayRetryAsync())
                {
                    // The store may have recovered since the last attempt.
                    await TryWriteAsync(store);
                    return;
                }
            }
        }
    }

    private async Task<bool> TryWriteAsync(BuildStore store)
    {
        StoredBuild stored;
        IReadOnlyList<StoredLines> lines;
        lock (_lock)
        {
            lines = TakeUnstored();
            stored = new StoredBuild(_build! with { EventCount = Count }, Bytes);
        }

        var isStored = await store.WriteAsync(stored, lines);
        if (isStored)
        {
            MarkStored(lines);
        }

        return isStored;
    }

    private void Append(BuildEvent buildEvent, Build? build = null)
    {
        var isOutput = buildEvent is LogEvent or ProgressEvent;
        // Steps and warnings have as much room again. Without a limit a hostile engine would fill the store.
        if ((_isTruncated && isOutput) || (buildEvent is StepEvent or WarningEvent && Bytes > _options.MaxLogBytes * 2))
        {
            return;
        }

        buildEvent = Serialize(buildEvent);
        lock (_lock)
        {
            _build = build ?? _build;
            var isFull = Bytes + _line.WrittenCount > _options.MaxLogBytes;
            if (isOutput && (isFull || (!_isStoring && Unstored + _line.WrittenCount > MaxUnstored)))
            {
                var limit = isFull ? _options.MaxLogBytes : MaxUnstored;
                _isTruncated = true;
                buildEvent = Serialize(new WarningEvent($"The output of the build exceeds the limit of {limit} bytes; the rest is not kept.", null));
            }

            var line = _line.WrittenSpan;
            if (_segments.Count == 0 || !_segments[^1].HasRoomFor(line.Length))
            {
                _segments.Add(new LogSegment(Count, Math.Max(SegmentSize, line.Length)));
            }

            _segments[^1].Add(buildEvent, line);
            Count++;
            Bytes += line.Length;
            Pulse(ref _grown);
        }

        _changes.Writer.TryWrite(true);
    }

    private BuildEvent Serialize(BuildEvent buildEvent)
    {
        _line.ResetWrittenCount();
        buildEvent = buildEvent with { Seq = StreamEvents.SeqOf(Count), At = buildEvent.At == default ? _time.GetUtcNow() : buildEvent.At };
        using var json = new Utf8JsonWriter(_line, JsonOptions);
        JsonSerializer.Serialize(json, buildEvent, WireJson.Options);
        json.Flush();
        _line.Write("\n"u8);
        return buildEvent;
    }

    private static Task Wait(ref TaskCompletionSource? waiting) =>
        (waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private static void Pulse(ref TaskCompletionSource? waiting)
    {
        waiting?.SetResult();
        waiting = null;
    }
}
