using System.Threading.Channels;

namespace ContainerApi.Containers.Logs;

/// <summary>
/// Merges the lines of several logs in order of time. A log that was read to its end is merged exactly: the next line is the earliest of
/// the next lines of all. A followed log may stay silent, so a line waits for the other logs at most for the window.
/// </summary>
/// <param name="isExact">Whether no log is followed.</param>
internal sealed class LogMerger(bool isExact, TimeProvider time)
{
    /// <summary>How long a line waits for earlier lines of other containers.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMilliseconds(50);

    /// <summary>The same for a log that has not sent anything: the engine searches its files first.</summary>
    private static readonly TimeSpan FirstWindow = TimeSpan.FromSeconds(1);

    private readonly PriorityQueue<LogSource, LogTime> _heads = new();
    private readonly HashSet<LogSource> _waiting = [];

    /// <summary>When the logs without a line have been silent for long enough; null after a change.</summary>
    private long? _silentFrom;

    /// <summary>Signals of sources, and of the stream: a source has at most one.</summary>
    public Channel<object> Signals { get; } = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });

    public HashSet<LogSource> Sources { get; } = [];

    /// <summary>The sources without a line.</summary>
    public IReadOnlyCollection<LogSource> Waiting => _waiting;

    public void Add(LogSource source, CancellationToken cancellationToken)
    {
        Sources.Add(source);
        Wait(source);
        source.Start(Signals.Writer, cancellationToken);
    }

    public void Remove(LogSource source)
    {
        Sources.Remove(source);
        _waiting.Remove(source);
        _silentFrom = null;
    }

    /// <summary>Takes the lines that a source signalled.</summary>
    public void Take(LogSource source)
    {
        source.ArrivedAt = time.GetTimestamp();
        if (source.HasLine)
        {
            source.HasArrived = true;
            _waiting.Remove(source);
            _heads.Enqueue(source, source.Line.Time);
        }
        else
        {
            Wait(source);
            source.Release();
        }

        _silentFrom = null;
    }

    /// <summary>Returns the source of the next line; null if there is none yet.</summary>
    /// <param name="delay">How long the next line still waits; null where it waits for a signal.</param>
    public LogSource? Next(out TimeSpan? delay)
    {
        delay = null;
        if (!_heads.TryPeek(out var source, out var at) || (isExact && _waiting.Count > 0))
        {
            return null;
        }

        if (_waiting.Count > 0 && Delay(source, at) is { } rest && rest > TimeSpan.Zero)
        {
            delay = rest;
            return null;
        }

        return source;
    }

    /// <summary>Moves the source of the next line to its following line.</summary>
    public void MoveNext()
    {
        var source = _heads.Peek();
        source.MoveNext();
        if (source.HasLine)
        {
            _heads.DequeueEnqueue(source, source.Line.Time);
            return;
        }

        _heads.Dequeue();
        Wait(source);
        source.Release();
    }

    private void Wait(LogSource source)
    {
        source.WaitingSince = time.GetTimestamp();
        _waiting.Add(source);
        _silentFrom = null;
    }

    /// <summary>
    /// A line may go when every other log has been silent for the window, and the line is as old or came as long ago: then the engines
    /// have sent what was written before it. Clocks of engines may differ from ours, so the arrival suffices.
    /// </summary>
    private TimeSpan Delay(LogSource source, LogTime at)
    {
        var now = time.GetTimestamp();
        _silentFrom ??= _waiting.Max(s => s.WaitingSince + Ticks(s.HasArrived ? Window : FirstWindow));
        var silence = time.GetElapsedTime(now, _silentFrom.Value);
        var arrival = Window - time.GetElapsedTime(source.ArrivedAt, now);
        if (arrival > TimeSpan.Zero)
        {
            var age = Window - (time.GetUtcNow() - at.ToTime());
            arrival = age < arrival ? age : arrival;
        }

        return silence > arrival ? silence : arrival;
    }

    private long Ticks(TimeSpan duration) => (long)(duration.TotalSeconds * time.TimestampFrequency);
}
