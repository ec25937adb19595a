using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Api;
using ContainerApi.Containers.Watch;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Logs;

/// <summary>A part of a response.</summary>
/// <param name="Bytes">Valid until the next part.</param>
internal sealed record LogChunk(ReadOnlyMemory<byte> Bytes, string? Seq);

/// <summary>What a stream reads.</summary>
/// <param name="Position">Where a resumed stream continues; null at the beginning.</param>
/// <param name="IsOne">Whether the stream is about one container: a refusal of its engine is the response.</param>
/// <param name="Engines">The engines that listed their containers, or did not.</param>
internal sealed record LogScope(LogRange Range, LogPosition? Position, bool IsOne, IReadOnlyList<EngineReport> Engines);

/// <summary>One container, as its engine lists it.</summary>
internal sealed record LogContainer(IEngine Engine, string Id, string? Name);

/// <summary>
/// One response with the logs of some containers: (1) it opens the logs of the containers at the beginning, (2) writes their lines in order
/// of time, (3) with <c>follow</c> also opens those that a watch reports, until (4) all logs have ended, or the service ends the stream.
/// Everything happens in the order of one channel; the client's reading drives it.
/// </summary>
/// <param name="stopping">Ends the stream with a result: the service stops.</param>
internal sealed partial class LogStream(
    LogScope scope, LogWriter writer, EngineDirectory engines, TimeProvider time, TimeSpan timeout, CancellationToken stopping)
{
    /// <summary>Each log is a connection to the engine and its buffers.</summary>
    public const int MaxContainers = 500;

    /// <summary>Shorter timers would be early.</summary>
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(1);

    /// <summary>Longer than a watch takes to report a start.</summary>
    private static readonly TimeSpan MaxWatchDelay = TimeSpan.FromSeconds(2);

    /// <summary>How long a log is silent before its engine is asked for its end.</summary>
    private static readonly TimeSpan SilenceInterval = TimeSpan.FromSeconds(1);

    private const int MaxChunkBytes = 64 * 1024;

    private readonly LogTracker _tracker = new();
    private readonly LogMerger _merger = new(isExact: !scope.Range.Follow, time);
    private readonly Dictionary<(string Engine, string Id), LogSource> _sources = [];
    private readonly Dictionary<string, string> _engineStates = [];
    private readonly Channel<bool> _watchTaken = Channel.CreateBounded<bool>(1);
    private Task<bool>? _signal;
    private Task _confirming = Task.CompletedTask;
    private bool _isComplete = true;
    private bool _isOver;
    private long _count;
    private ErrorInfo? _failure;

    /// <param name="containers">The containers at the beginning.</param>
    /// <param name="watch">Reports the containers of a followed stream; null for the given ones only.</param>
    public async IAsyncEnumerable<LogChunk> RunAsync(
        IReadOnlyList<LogContainer> containers, IAsyncEnumerable<WatchEvent>? watch, CancellationToken aborted,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var pumps = CancellationTokenSource.CreateLinkedTokenSource(aborted, cancellationToken);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(pumps.Token, stopping);
        ended.CancelAfter(timeout);
        var watching = Task.CompletedTask;
        try
        {
            Begin();
            foreach (var container in containers)
            {
                Open(container, isNew: false, pumps.Token);
            }

            if (watch is not null)
            {
                watching = PumpAsync(watch, pumps.Token);
            }

            // Not before the engine accepted the call for the only container, so that a refusal keeps its status.
            while (scope.IsOne && !_isOver && !_sources.Values.All(s => s.IsOpened))
            {
                _isOver = !await WaitAsync(null, ended.Token, pumps.Token);
                TakeSignals(pumps.Token);
            }

            ThrowIfRefused();
            for (var hasBegun = false; !_isOver; hasBegun = true)
            {
                TakeSignals(pumps.Token);
                WriteLines();
                SettleSilent(pumps.Token);
                if (writer.Length > 0 || !hasBegun)
                {
                    yield return Chunk();

                    writer.Clear();
                }

                if (IsFinished())
                {
                    break;
                }

                _isOver = _merger.Next(out var delay) is null
                    ? !await WaitAsync(delay, ended.Token, pumps.Token)
                    : ended.IsCancellationRequested;
            }

            WriteResult();
            yield return Chunk();
        }
        finally
        {
            await pumps.CancelAsync();
            await Task.WhenAll([watching, _confirming, .. _merger.Sources.Select(s => s.Ended)])
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void ThrowIfRefused()
    {
        if (scope.IsOne && _sources.Values.FirstOrDefault()?.Refusal is { } refusal)
        {
            throw refusal;
        }
    }

    private void Begin()
    {
        if (scope.Position is { } position)
        {
            _tracker.Start(position.Anchor, position.Last);
        }
        else if (scope.Range.Since is { } since)
        {
            _tracker.Start(since, since);
        }

        ReportEngines(scope.Engines);
    }

    private bool IsFinished() => _merger.Sources.Count == 0 && (scope.IsOne || !scope.Range.Follow);

    private void Open(LogContainer container, bool isNew, CancellationToken cancellationToken)
    {
        var options = scope.IsOne ? LogSourceOptions.MustOpen : LogSourceOptions.None;
        LogMark mark;
        if (scope.Position is { } position)
        {
            mark = position.MarkOf(container.Engine.Name, container.Id);
        }
        else if (isNew)
        {
            var begin = scope.Range.Since ?? LogTime.Of(time.GetUtcNow()).Add(-MaxWatchDelay);
            mark = new LogMark(begin, begin, 0);
            options |= scope.Range.Since is null ? LogSourceOptions.ThisRun : LogSourceOptions.None;
        }
        else
        {
            var begin = scope.Range.Tail is null ? scope.Range.Since ?? default : LogTime.Of(time.GetUtcNow());
            mark = new LogMark(begin, begin, 0, scope.Range.Tail is null ? LogAnchor.Time : LogAnchor.Tail);
            options |= mark.IsUnread ? LogSourceOptions.Tail : LogSourceOptions.None;
        }

        var cursor = _tracker.Add(container.Engine.Name, container.Id, mark);
        cursor.Shared = cursor.SharedNext = mark.Anchor == scope.Position?.Anchor ? mark.Count : 0;
        var source = new LogSource(container.Engine, container.Id, cursor, scope.Range, options, time) { Name = container.Name };
        _sources[(container.Engine.Name, container.Id)] = source;
        writer.Widen(container.Name);
        _merger.Add(source, cancellationToken);
    }

    private void TakeSignals(CancellationToken cancellationToken)
    {
        while (_merger.Signals.Reader.TryRead(out var signal))
        {
            switch (signal)
            {
                case WatchEvent happened:
                    TakeEvent(happened, cancellationToken);
                    _watchTaken.Writer.TryWrite(true);
                    break;
                case LogSource source:
                    TakeSource(source);
                    break;
                case Exception fault:
                    throw new InvalidOperationException("Watching the containers of a log failed.", fault);
            }
        }
    }

    private void TakeSource(LogSource source)
    {
        if (source.Fault is { } fault)
        {
            throw new InvalidOperationException("Reading a log failed.", fault);
        }

        if (source.Notice is { } notice && !(scope.IsOne && notice is ContainerLogUnreadable))
        {
            Write(notice);
        }

        if (source.Notice is ContainerLogUnreadable unreadable)
        {
            _failure = scope.IsOne ? unreadable.Error : null;
        }

        if (!source.IsDone)
        {
            if (source.HasLine)
            {
                source.Cursor.StartAt(source.Line.Time);
            }

            _merger.Take(source);
            return;
        }

        _isComplete &= source.IsComplete;
        _merger.Remove(source);
        if (source.IsGone)
        {
            _tracker.Remove(source.Cursor);
            _sources.Remove((source.Engine.Name, source.Id));
            writer.Forget(source);
        }
    }

    private void WriteLines()
    {
        while (writer.Length < MaxChunkBytes && _merger.Next(out _) is { } source)
        {
            var line = source.Line;
            _tracker.Advance(source.Cursor, line.Time);
            _count += writer.Write(source, _tracker) ? 1 : 0;
            _merger.MoveNext();
        }
    }

    /// <summary>Drops the marks of silent logs whose engines have nothing more. The others are asked for their ends, one after the other.</summary>
    private void SettleSilent(CancellationToken cancellationToken)
    {
        foreach (var source in _merger.Waiting)
        {
            if (source.Cursor.IsBehind && source.Confirmed == source.Cursor.Connection)
            {
                _tracker.Settle(source.Cursor, source.Confirmed);
            }
            else if (source.Cursor.IsBehind && _confirming.IsCompleted && source.IsSilent(SilenceInterval))
            {
                _confirming = source.ConfirmAsync(cancellationToken);
            }
        }
    }

    private void Write(ContainerLogEvent happened) => writer.Write(happened with { Seq = Seq(), At = time.GetUtcNow() });

    private string? Seq() => _tracker.Seq() is { IsEmpty: false } seq ? Encoding.ASCII.GetString(seq) : null;

    private LogChunk Chunk() => new(writer.Written, Seq());

    private void WriteResult()
    {
        var error = _isOver ? Interrupted(stopping.IsCancellationRequested) : _failure;
        Write(new ContainerLogResult(
            _isOver ? StreamOutcome.Interrupted : error is null ? StreamOutcome.Succeeded : StreamOutcome.Failed,
            _count, _isComplete && error is null, error));
    }

    /// <summary>Why the service ended a stream whose logs have not ended.</summary>
    public static ErrorInfo Interrupted(bool serviceStops) => new("interrupted", serviceStops
        ? "The service stops. Continue with after."
        : "The stream reached its maximum duration. Continue with after.");

    /// <summary>Waits for a signal, at most for the delay. False when the service ends the stream.</summary>
    private async Task<bool> WaitAsync(TimeSpan? delay, CancellationToken ended, CancellationToken left)
    {
        _signal ??= _merger.Signals.Reader.WaitToReadAsync(left).AsTask();
        Task waiting = _signal.WaitAsync(delay is { } given && given < MinDelay ? MinDelay : delay ?? Timeout.InfiniteTimeSpan, time, ended);
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_signal.IsCompleted)
        {
            await _signal;
            _signal = null;
        }

        left.ThrowIfCancellationRequested();
        return !ended.IsCancellationRequested;
    }
}
