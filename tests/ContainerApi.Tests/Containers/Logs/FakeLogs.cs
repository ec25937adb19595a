using System.Runtime.CompilerServices;

namespace ContainerApi.Tests.Containers.Logs;

/// <summary>Logs that an engine serves as Docker does. A followed log ends when its container stops.</summary>
internal sealed class FakeLogs
{
    public static readonly LogTime Noon = LogTime.Of(Facts.Noon);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<(LogTime Time, LogOutput Output, string Text)>> _logs = [];
    private TaskCompletionSource _changed = new();
    private readonly HashSet<string> _stopped = [];
    private readonly HashSet<string> _held = [];

    /// <summary>Whether a held container also delays its calls, so that no log is open.</summary>
    public bool HoldsCalls { get; set; }

    /// <summary>The ranges that were asked for.</summary>
    public List<LogRange> Calls { get; } = [];

    public static LogTime At(double seconds) => Noon.Add(TimeSpan.FromSeconds(seconds));

    public FakeLogs Add(char container, double seconds, string text, LogOutput output = LogOutput.Stdout)
    {
        lock (_lock)
        {
            if (!_logs.TryGetValue(Facts.Id(container), out var log))
            {
                _logs[Facts.Id(container)] = log = [];
            }

            log.Add((At(seconds), output, text));
            Change();
        }

        return this;
    }

    public void Stop(char container)
    {
        lock (_lock)
        {
            _stopped.Add(Facts.Id(container));
            Change();
        }
    }

    public void Restart(char container)
    {
        lock (_lock)
        {
            _stopped.Remove(Facts.Id(container));
        }
    }

    /// <summary>Delays the first lines of the next calls for the log of a container.</summary>
    public void Hold(char container)
    {
        lock (_lock)
        {
            _held.Add(Facts.Id(container));
        }
    }

    public void Release(char container)
    {
        lock (_lock)
        {
            _held.Remove(Facts.Id(container));
            Change();
        }
    }

    public async IAsyncEnumerable<LogLines> ReadAsync(string id, LogRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lines = new LogLines();
        var next = -1;
        if (HoldsCalls)
        {
            await ReleasedAsync(id, cancellationToken);
        }

        yield return lines;

        if (range.Follow)
        {
            await ReleasedAsync(id, cancellationToken);
        }

        while (true)
        {
            Task changed;
            bool isOver;
            lock (_lock)
            {
                changed = _changed.Task;
                isOver = !range.Follow || _stopped.Contains(id);
                var log = _logs.GetValueOrDefault(id, []);
                if (next < 0)
                {
                    Calls.Add(range);
                    next = range.Tail is { } tail ? Math.Max(0, log.Count - tail) : 0;
                }

                lines.Clear();
                for (; next < log.Count; next++)
                {
                    var (time, output, text) = log[next];
                    if (!(time < range.Since) && !(time > range.Until) && (range.Output ?? output) == output)
                    {
                        lines.Add(time, output, Encoding.UTF8.GetBytes(text));
                    }
                }
            }

            if (lines.Count > 0)
            {
                yield return lines;
            }

            if (isOver)
            {
                yield break;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task ReleasedAsync(string id, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (!_held.Contains(id))
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private void Change()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }
}
