using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ContainerApi.Api;

namespace ContainerApi.Builds.History;

/// <summary>
/// The events of one build, the only place where they are: written once, as they are sent, by the build, and read by as many
/// followers as there are, each at its own pace. What the store has leaves the memory, but for the latest.
/// </summary>
/// <remarks>One writer. Output that comes without a pause becomes one event, so that a step that prints a line at a time does not cost one each.</remarks>
internal sealed class BuildLog(HistoryOptions options, TimeProvider time)
{
    private const int SegmentSize = 64 * 1024;

    /// <summary>How much of the output may become one event, in characters.</summary>
    private const int LongestText = 16 * 1024;

    /// <summary>How much is held for followers who keep up, in bytes.</summary>
    private const int Window = 512 * 1024;

    /// <summary>How much may wait for the store, in bytes: beyond it the build waits, or where nothing is stored its output ends.</summary>
    public const int MostUnstored = 8 * 1024 * 1024;

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly Lock _lock = new();
    private readonly List<LogSegment> _segments = [];
    private ArrayBufferWriter<byte> _line = new();
    private StringBuilder _text = new();
    private LogEvent? _textOf;
    private TaskCompletionSource? _grown;
    private TaskCompletionSource? _room;
    private bool _isStoring = true;
    private bool _isCut;

    /// <summary>The log of a build that ended in an earlier life of the service.</summary>
    public static BuildLog Restore(HistoryOptions options, TimeProvider time, long count, long bytes) =>
        new(options, time) { Count = count, Bytes = bytes, IsClosed = true };

    /// <summary>How many events there are.</summary>
    public long Count { get; private set; }

    /// <summary>How long they are.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether there will be no more.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Called when there is something new to store.</summary>
    public Action? Changed { get; init; }

    public void Add(BuildEvent told)
    {
        if (told is not LogEvent log)
        {
            Flush();
            Append(told);
            return;
        }

        if (_textOf is not null && (_textOf.Step != log.Step || _textOf.Stream != log.Stream))
        {
            Flush();
        }

        _textOf ??= log with { At = time.GetUtcNow() };
        _text.Append(log.Text);
        if (_text.Length >= LongestText)
        {
            Flush();
        }
    }

    /// <summary>Makes an event of the output so far: to be called before a pause.</summary>
    public void Flush()
    {
        if (_textOf is { } log)
        {
            _textOf = null;
            Append(log with { Text = _text.ToString() });
            _text.Clear();
        }
    }

    /// <summary>There will be no more.</summary>
    public void Close()
    {
        Flush();
        // A log is kept for long; what it was written with need not be.
        (_line, _text) = (new ArrayBufferWriter<byte>(), new StringBuilder());
        lock (_lock)
        {
            IsClosed = true;
            Pulse(ref _grown);
        }

        Changed?.Invoke();
    }

    /// <summary>Waits while the store is too far behind.</summary>
    public Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _isStoring && Unstored > MostUnstored ? Wait(ref _room).WaitAsync(cancellationToken) : Task.CompletedTask;
        }
    }

    /// <summary>What there is from an event on: lines in memory; or that they are in the store; or what ends when there is more.</summary>
    public LogRead Read(long from)
    {
        lock (_lock)
        {
            if (from >= Count)
            {
                return new LogRead(default, IsClosed ? null : Wait(ref _grown), IsStored: false);
            }

            var at = _segments.FindLastIndex(s => s.First <= from);
            return at < 0
                ? new LogRead(default, null, IsStored: true)
                : new LogRead(new StoredLines(from, _segments[at].Next, _segments[at].From(from)), null, IsStored: false);
        }
    }

    /// <summary>The first event that is in memory; <see cref="Count"/> where none is.</summary>
    public long FirstInMemory
    {
        get
        {
            lock (_lock)
            {
                return _segments.Count > 0 ? _segments[0].First : Count;
            }
        }
    }

    /// <summary>What the store does not have yet.</summary>
    public IReadOnlyList<StoredLines> TakeUnstored()
    {
        lock (_lock)
        {
            return [.. _segments.Where(s => !s.IsStored).Select(s => s.TakeUnstored())];
        }
    }

    /// <summary>The store has it.</summary>
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

    /// <summary>The store does not take it for now: the memory must do.</summary>
    public void MarkNotStoring()
    {
        lock (_lock)
        {
            _isStoring = false;
            Pulse(ref _room);
        }
    }

    private long Unstored => _segments.Sum(s => (long)s.Unstored);

    private void Append(BuildEvent told)
    {
        var isOutput = told is LogEvent or ProgressEvent;
        if (_isCut && isOutput)
        {
            return;
        }

        Serialize(told);
        lock (_lock)
        {
            var limit = Bytes + _line.WrittenCount > options.MaxLogBytes ? options.MaxLogBytes
                : !_isStoring && Unstored + _line.WrittenCount > MostUnstored ? MostUnstored
                : (long?)null;
            if (limit is not null && isOutput)
            {
                _isCut = true;
                Serialize(new WarningEvent($"The build printed more than the {limit} bytes that are kept of it; the rest of its output is left out.", null));
            }

            var line = _line.WrittenSpan;
            if (_segments.Count == 0 || !_segments[^1].HasRoomFor(line.Length))
            {
                _segments.Add(new LogSegment(Count, Math.Max(SegmentSize, line.Length)));
            }

            _segments[^1].Add(line);
            Count++;
            Bytes += line.Length;
            Pulse(ref _grown);
        }

        Changed?.Invoke();
    }

    private void Serialize(BuildEvent told)
    {
        _line.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_line, Plain);
        JsonSerializer.Serialize(json, told with { Seq = Count }, WireJson.Options);
        json.Flush();
        _line.Write("\n"u8);
    }

    private static Task Wait(ref TaskCompletionSource? waiting) =>
        (waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private static void Pulse(ref TaskCompletionSource? waiting)
    {
        waiting?.SetResult();
        waiting = null;
    }
}

/// <summary>What a log has from an event on.</summary>
/// <param name="Lines">Empty where there is nothing in memory.</param>
/// <param name="Grown">Ends when there is more; null where there is something, or never will be.</param>
/// <param name="IsStored">Whether the store has it.</param>
internal readonly record struct LogRead(StoredLines Lines, Task? Grown, bool IsStored);
