using System.Collections.Concurrent;

namespace ContainerApi.Stubs;

/// <summary>One call as it arrived.</summary>
/// <param name="Path">Without the version: <c>/containers/abc/top</c>.</param>
/// <param name="Route">The path with names taken out: <c>/containers/{id}/top</c>.</param>
/// <param name="Query">As sent, with its question mark.</param>
/// <param name="Version">The version in the path, or null without one.</param>
public sealed record EngineCall(string Method, string Path, string Route, string Query, string? Version)
{
    public override string ToString() => $"{Method} {Path}{Query}";
}

/// <summary>Every call so far, counted as it arrives. Safe to read from any thread.</summary>
public sealed class CallLog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _now = [];
    private readonly Dictionary<string, int> _peak = [];
    private readonly List<(Func<EngineCall, bool> Match, int Count, TaskCompletionSource Reached)> _waiters = [];
    private ConcurrentQueue<EngineCall> _calls = new();

    /// <summary>The calls in the order of arrival.</summary>
    public IReadOnlyList<EngineCall> All => [.. _calls];

    /// <param name="route">As <c>/containers/{id}/top</c>.</param>
    public int Count(string route) => _calls.Count(c => c.Route == route);

    /// <summary>The maximum number of concurrent calls of this route.</summary>
    public int Peak(string route)
    {
        lock (_lock)
        {
            return _peak.GetValueOrDefault(route);
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _calls = new ConcurrentQueue<EngineCall>();
            _peak.Clear();
        }
    }

    /// <summary>Completes when this many calls of the route have arrived, including earlier ones.</summary>
    public Task WaitForAsync(string route, int count = 1, TimeSpan? atMost = null)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiters.Add((c => c.Route == route, count, reached));
            Notify();
        }

        return reached.Task.WaitAsync(atMost ?? TimeSpan.FromSeconds(30));
    }

    internal IDisposable Enter(EngineCall call)
    {
        lock (_lock)
        {
            _calls.Enqueue(call);
            var now = _now[call.Route] = _now.GetValueOrDefault(call.Route) + 1;
            _peak[call.Route] = Math.Max(now, _peak.GetValueOrDefault(call.Route));
            Notify();
        }

        return new Ended(() =>
        {
            lock (_lock)
            {
                _now[call.Route]--;
            }
        });
    }

    private void Notify()
    {
        foreach (var waiter in _waiters.Where(w => _calls.Count(w.Match) >= w.Count).ToList())
        {
            waiter.Reached.TrySetResult();
            _waiters.Remove(waiter);
        }
    }
}

/// <summary>Runs an action once, when it is disposed.</summary>
internal sealed class Ended(Action action) : IDisposable
{
    private Action? _action = action;

    public void Dispose() => Interlocked.Exchange(ref _action, null)?.Invoke();
}
