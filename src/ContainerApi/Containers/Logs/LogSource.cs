using System.Threading.Channels;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Logs;

[Flags]
internal enum LogSourceOptions
{
    None = 0,

    /// <summary>A followed log ends if the engine refuses the first call.</summary>
    MustOpen = 1,

    /// <summary>The log begins with the container's current run.</summary>
    ThisRun = 2,

    /// <summary>The first call is for the tail of now.</summary>
    Tail = 4,
}

/// <summary>
/// Reads the log of one container ahead by one batch of lines: the next batch is read when the stream has taken all lines of this one, so
/// a slow client stops the engine. A followed log continues after the container starts again, and after its engine answers again.
/// </summary>
/// <param name="cursor">Says where the log begins.</param>
/// <param name="whole">What the request is for.</param>
internal sealed partial class LogSource(
    IEngine engine, string id, LogCursor cursor, LogRange whole, LogSourceOptions options, TimeProvider time)
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>The end of the log and the state of its container are not seen at the same moment.</summary>
    private static readonly TimeSpan StateInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>The time between two questions for the end of a log, and how long an answer may take.</summary>
    private static readonly TimeSpan ConfirmInterval = TimeSpan.FromSeconds(10);

    /// <summary>Longer than a watch takes to see the end of a container.</summary>
    private static readonly TimeSpan SettleInterval = TimeSpan.FromSeconds(2);

    /// <summary>Failures in sequence without a line between them.</summary>
    private const int MaxFailures = 5;

    private static readonly BoundedChannelOptions NewestOnly = new(1) { FullMode = BoundedChannelFullMode.DropOldest };

    private readonly Channel<bool> _taken = Channel.CreateBounded<bool>(1);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(NewestOnly);
    private ChannelWriter<object> _ready = null!;
    private LogLines? _lines;
    private int _next;
    private DateTimeOffset? _endedRun;
    private bool _hasEnded;
    private int _failures;
    private long _connectedAt;
    private long _receivedTo = long.MinValue;
    private long? _askedAt;

    public IEngine Engine => engine;

    public string Id => id;

    public string? Name { get; set; }

    public LogCursor Cursor => cursor;

    /// <summary>An event in place of lines.</summary>
    public ContainerLogEvent? Notice { get; private set; }

    /// <summary>The failure before the engine accepted the first call; null if there is none.</summary>
    public EngineException? Refusal { get; private set; }

    /// <summary>Whether the engine accepted the first call, or refused it.</summary>
    public bool IsOpened { get; private set; }

    public bool IsDone { get; private set; }

    /// <summary>Whether the log was read to its end.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>Whether the container does not exist any more.</summary>
    public bool IsGone { get; private set; }

    /// <summary>An error of this service.</summary>
    public Exception? Fault { get; private set; }

    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Whether there is a line that the stream has not taken.</summary>
    public bool HasLine => _lines is not null && _next < _lines.Count;

    public LogLine Line => _lines![_next];

    public ReadOnlySpan<byte> Text => _lines!.TextOf(Line);

    /// <summary>Since when the stream waits for this log, and when the last lines came.</summary>
    public long WaitingSince { get; set; }

    public long ArrivedAt { get; set; }

    public bool HasArrived { get; set; }

    /// <summary>The <see cref="LogCursor.Connection"/> for which the engine had no lines but the received ones.</summary>
    public int Confirmed { get; private set; }

    public void MoveNext() => _next++;

    /// <param name="ready">Gets this source whenever it has something for the stream.</param>
    public void Start(ChannelWriter<object> ready, CancellationToken cancellationToken)
    {
        _ready = ready;
        Ended = PumpAsync(cancellationToken);
    }

    /// <summary>Says that everything was taken.</summary>
    public void Release()
    {
        Notice = null;
        _taken.Writer.TryWrite(true);
    }

    /// <summary>The container or its engine changed.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref _connectedAt) == 0)
        {
            // It may run again, and its first lines come after the engine answered some calls.
            cursor.PutBehind();
        }

        _wake.Writer.TryWrite(true);
    }

    /// <summary>Whether the engine has been following the log without a line for a time.</summary>
    public bool IsSilent(TimeSpan span) => Volatile.Read(ref _connectedAt) is > 0 and var connected
        && time.GetElapsedTime(Math.Max(connected, WaitingSince)) >= span
        && !(_askedAt is { } asked && time.GetElapsedTime(asked) < ConfirmInterval);

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            Fault = e;
        }

        IsDone = true;
        _ready.TryWrite(this);
    }

    /// <summary>Whether the engine may answer later.</summary>
    private static bool CanRecover(EngineException e) => e.Code == ErrorCode.EngineUnavailable || e.Code == ErrorCode.EngineTimeout
        || e.Code == ErrorCode.EngineError || e.Code == ErrorCode.ContainerNotFound;

    private async Task FailAsync(EngineException failure, CancellationToken cancellationToken)
    {
        Refusal = IsOpened ? null : failure;
        (IsComplete, IsOpened) = (false, true);
        Notice = new ContainerLogUnreadable(engine.Name, id, Name, ErrorInfo.Of(failure));
        await SignalAsync(cancellationToken);
    }

    private async Task SignalAsync(CancellationToken cancellationToken)
    {
        _ready.TryWrite(this);
        await _taken.Reader.ReadAsync(cancellationToken);
    }

    /// <summary>Waits until the container runs, after the end of its log. False if it does not exist any more.</summary>
    private async Task<bool> IsRunningAgainAsync(CancellationToken cancellationToken)
    {
        var isSettled = false;
        while (true)
        {
            try
            {
                var container = await engine.InspectContainerAsync(new ContainerReference(id), cancellationToken);
                if (container.State is ContainerStates.Running or ContainerStates.Paused)
                {
                    await Task.Delay(StateInterval, time, cancellationToken);
                    return true;
                }

                await EndAsync(container.StartedAt, container.Inspected?.ExitCode, cancellationToken);
                // A watch that lists when the container runs again has no event.
                isSettled = isSettled ? await _wake.Reader.ReadAsync(cancellationToken) : !await WaitAsync(SettleInterval, cancellationToken);
            }
            catch (EngineException e) when (e.Code == ErrorCode.ContainerNotFound)
            {
                IsGone = true;
                await EndAsync(_endedRun, null, cancellationToken);
                return false;
            }
            catch (EngineException)
            {
                cursor.PutBehind();
                await WaitAsync(RetryInterval, cancellationToken);
            }
        }
    }

    /// <summary>Reports the end of a run once.</summary>
    private async Task EndAsync(DateTimeOffset? run, long? exitCode, CancellationToken cancellationToken)
    {
        if (_hasEnded && _endedRun == run)
        {
            return;
        }

        (_hasEnded, _endedRun) = (true, run);
        Notice = new ContainerLogEnded(engine.Name, id, Name, exitCode);
        await SignalAsync(cancellationToken);
    }

    /// <summary>Waits until something changes, at most for a time. Returns whether it changed.</summary>
    private async Task<bool> WaitAsync(TimeSpan max, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(max);
        Task changed = _wake.Reader.WaitToReadAsync(limited.Token).AsTask();
        await changed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return _wake.Reader.TryRead(out _);
    }
}
