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
    private readonly List<EngineCall> _calls = [];
    private readonly List<(string Route, int Count, TaskCompletionSource Reached)> _waiters = [];

    /// <summary>The calls in the order of arrival.</summary>
    public IReadOnlyList<EngineCall> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <param name="route">As <c>/containers/{id}/top</c>.</param>
    public int Count(string route) => All.Count(c => c.Route == route);

    public void Clear()
    {
        lock (_lock)
        {
            _calls.Clear();
        }
    }

    /// <summary>Completes when this many calls of the route have arrived, including earlier ones.</summary>
    public Task WaitForAsync(string route, int count = 1)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiters.Add((route, count, reached));
            Notify();
        }

        return reached.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    internal void Add(EngineCall call)
    {
        lock (_lock)
        {
            _calls.Add(call);
            Notify();
        }
    }

    private void Notify()
    {
        foreach (var waiter in _waiters.Where(w => _calls.Count(c => c.Route == w.Route) >= w.Count).ToList())
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
