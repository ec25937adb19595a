using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Api;
using ContainerApi.Cluster;

namespace ContainerApi.Containers.Logs;

/// <summary>
/// One stream with the logs of all replicas: (1) the own stream and one of each other replica, which has the filters, redacts and continues
/// by itself; (2) their events in order of time; (3) with <c>follow</c> a stream that ends is an <c>engine</c> event, and continues after its
/// last line when the replica answers again.
/// </summary>
internal sealed partial class LogMerge(
    ListParts parts, LogOptions options, LogWriter writer, string ownKey, TimeProvider time, TimeSpan timeout, CancellationToken stopping)
{
    /// <summary>How long a followed line waits for earlier lines of other replicas: longer than these wait for their containers.</summary>
    private static readonly TimeSpan Window = 2 * LogMerger.Window;

    /// <summary>The same for a replica that has not sent anything: its engine searches its files first.</summary>
    private static readonly TimeSpan FirstWindow = TimeSpan.FromSeconds(1.5);

    /// <summary>Shorter timers would be early.</summary>
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(1);

    private const int MaxChunkBytes = 64 * 1024;

    private readonly MergedLogPosition? _position = MergedLogPosition.Of(options.Position);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(1);
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _sent = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly List<LogPart> _open = [];
    private volatile bool _isComplete = true;
    private volatile bool _isReading = true;
    private volatile Exception? _fault;
    private long _lines;

    /// <param name="own">The stream of this replica. Its failure is the response.</param>
    public async IAsyncEnumerable<LogChunk> RunAsync(
        Task<IAsyncEnumerable<LogChunk>> own, CancellationToken aborted, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var pumps = CancellationTokenSource.CreateLinkedTokenSource(aborted, cancellationToken);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(pumps.Token, stopping);
        ended.CancelAfter(timeout);
        var reading = ReadAsync(own, pumps.Token);
        try
        {
            await own;
            var isOver = false;
            for (var hasBegun = false; !isOver; hasBegun = true)
            {
                var delay = WriteEvents();
                if (writer.Length > 0 || !hasBegun)
                {
                    yield return Chunk();

                    writer.Clear();
                    isOver = ended.IsCancellationRequested;
                }
                else if (IsFinished())
                {
                    break;
                }
                else
                {
                    isOver = !await WaitAsync(delay, ended.Token, pumps.Token);
                }
            }

            if (_fault is { } fault)
            {
                throw new InvalidOperationException("Reading logs failed.", fault);
            }

            WriteResult(isOver);
            yield return Chunk();
        }
        finally
        {
            await pumps.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsFinished()
    {
        lock (_lock)
        {
            return _fault is not null || (!_isReading && _open.Count == 0);
        }
    }

    /// <summary>Waits for events. False when the stream ends.</summary>
    private async Task<bool> WaitAsync(TimeSpan? delay, CancellationToken ended, CancellationToken aborted)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ended);
        if (delay is { } rest)
        {
            late.CancelAfter(rest < MinDelay ? MinDelay : rest);
        }

        try
        {
            await _signal.Reader.ReadAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            aborted.ThrowIfCancellationRequested();
        }

        return !ended.IsCancellationRequested;
    }

    /// <summary>Writes the events whose turn it is.</summary>
    /// <returns>How long the next one still waits; null where it waits for a signal.</returns>
    private TimeSpan? WriteEvents()
    {
        while (writer.Length < MaxChunkBytes)
        {
            var (next, delay) = Next();
            if (next is null)
            {
                return delay;
            }

            Write(next.Key, next.Head!);
            next.Drop();
        }

        return null;
    }

    private (LogPart? Part, TimeSpan? Delay) Next()
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            LogPart? first = null;
            var silence = TimeSpan.Zero;
            var waits = false;
            foreach (var part in _open)
            {
                part.Take(now);
                if (part.Head is { } head)
                {
                    first = first is null || head.At < first.Head!.At ? part : first;
                }
                else if (!part.IsOver)
                {
                    waits = true;
                    var rest = part.HasArrived ? TimeSpan.Zero : FirstWindow - time.GetElapsedTime(part.OpenedAt, now);
                    silence = rest > silence ? rest : silence;
                }
            }

            _open.RemoveAll(p => p.IsOver);
            if (first is null || !waits)
            {
                return (first, null);
            }

            if (!options.Follow)
            {
                return (null, null);
            }

            var arrival = Window - time.GetElapsedTime(first.ArrivedAt, now);
            var delay = arrival > silence ? arrival : silence;
            return delay > TimeSpan.Zero ? (null, delay) : (first, null);
        }
    }

    private void Write(string key, LogPartEvent happened)
    {
        if (!happened.Seq.IsEmpty)
        {
            _sent[key] = happened.Seq;
        }

        _lines += happened.Type == "line" ? 1 : 0;
        writer.Write(happened, Seq());
    }

    private string? Seq() => _sent.Count == 0
        ? options.Position.Seq
        : string.Join(MergedLogPosition.Separator, _sent.SelectMany(s => (string[])[s.Key, Encoding.ASCII.GetString(s.Value.Span)]));

    private LogChunk Chunk() => new(writer.Written, Seq());

    private void WriteResult(bool isOver)
    {
        var error = isOver ? LogStream.Interrupted(stopping.IsCancellationRequested) : null;
        writer.Write(new ContainerLogResult(isOver ? StreamOutcome.Interrupted : StreamOutcome.Succeeded, _lines, _isComplete, error)
        {
            Seq = Seq(),
            At = time.GetUtcNow(),
        });
    }
}
