using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>
/// Serves all watchers from one event subscription per engine. While there are watchers, the hub (1) subscribes, (2) collects
/// everything, (3) lists again after an event of an engine, and reads the sections once per interval. A watcher receives the
/// difference between its last state and the newest one. Its channel holds one state, so a slow watcher skips states.
/// </summary>
internal sealed class WatchHub(ConfiguredEngines configured, ContainerCollector collector, TimeProvider time) : IDisposable
{
    /// <summary>Events come in bursts: a removal is three.</summary>
    private static readonly TimeSpan BatchDelay = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// An engine may send an event before its list shows the change (20.10: pause and unpause, while the disk is slow), and one that did
    /// not answer in time sends no event when it answers again. Another list follows after this time without events.
    /// </summary>
    private static readonly TimeSpan SettleDelay = TimeSpan.FromSeconds(1);

    /// <summary>A sample may be this much early: timers are inexact, and skipping a sample would double the interval.</summary>
    private static readonly TimeSpan SampleTolerance = TimeSpan.FromMilliseconds(200);

    /// <summary>How many states are kept for resuming watchers, without their sections.</summary>
    private const int MaxHistory = 64;

    private static readonly BoundedChannelOptions NewestOnly = new(1) { FullMode = BoundedChannelFullMode.DropOldest };

    private readonly Lock _lock = new();
    private readonly List<Watcher> _watchers = [];
    private readonly Queue<WatchState> _history = new();
    private readonly Channel<bool> _dirty = Channel.CreateBounded<bool>(NewestOnly);
    private readonly WatchSelections _selections = new(configured.Directory);
    private readonly string _epoch = Guid.NewGuid().ToString("n")[..12];
    private WatchState? _current;
    private CancellationTokenSource? _running;

    private sealed record Watcher(ContainerSections Sections, TimeSpan Interval, IReadOnlyList<WatchSelection> Selections)
    {
        public Channel<WatchState> States { get; } = Channel.CreateBounded<WatchState>(NewestOnly);

        /// <summary>Sends a state, unless the engines have not yet evaluated this watcher's selections for it.</summary>
        public void Send(WatchState state)
        {
            if (state.Evaluated(Selections))
            {
                States.Writer.TryWrite(state);
            }
        }
    }

    /// <param name="lastEventId">The id of the last event that the watcher received, or null.</param>
    /// <param name="interval">How often the watcher receives new sections, at least 1 s.</param>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        WatchView view, TimeSpan interval, string? lastEventId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watcher = new Watcher(view.Sections, interval, view.Selections);
        var states = watcher.States.Reader;
        Join(watcher);
        try
        {
            await states.WaitToReadAsync(cancellationToken);
            var known = states.TryRead(out var first) ? first : throw new UnreachableException("The watcher is the only reader.");
            if (Recall(lastEventId, view.Selections) is { } resumed)
            {
                foreach (var missed in WatchDifference.Resumable(WatchDifference.Between(resumed, known, view, samples: true), resumed))
                {
                    yield return missed;
                }
            }
            else
            {
                yield return WatchDifference.Snapshot(known, view);
            }

            // Changes are relative to the newest state, samples to the state of the last sample.
            var sampled = known;
            var lastSample = time.GetTimestamp();
            await foreach (var newest in states.ReadAllAsync(cancellationToken))
            {
                var isSampleDue = newest.Sampled > sampled.Sampled && time.GetElapsedTime(lastSample) >= interval - SampleTolerance;
                foreach (var change in WatchDifference.Resumable(WatchDifference.Between(known, newest, view, samples: false), known))
                {
                    yield return change;
                }

                known = newest;
                // A state after an event has the sections of the last sample, so they wait for the next interval.
                if (isSampleDue)
                {
                    lastSample = time.GetTimestamp();
                    foreach (var sample in WatchDifference.Between(sampled, newest, view, samples: true).OfType<WatchSample>())
                    {
                        yield return sample;
                    }

                    sampled = newest;
                }
            }
        }
        finally
        {
            Leave(watcher);
        }
    }

    public void Dispose() => _running?.Cancel();

    private void Join(Watcher watcher)
    {
        lock (_lock)
        {
            _watchers.Add(watcher);
            ContainerTelemetry.Watchers.Add(1);
            if (_current is not null)
            {
                watcher.Send(_current);
            }

            if (_running is null)
            {
                _running = new CancellationTokenSource();
                _ = RunAsync(_running.Token);
            }
            else
            {
                // The watcher may want a section or a selection that no other watcher wants.
                MarkDirty();
            }
        }
    }

    /// <summary>The last watcher to leave ends the subscriptions.</summary>
    private void Leave(Watcher watcher)
    {
        lock (_lock)
        {
            _watchers.Remove(watcher);
            ContainerTelemetry.Watchers.Add(-1);
            if (_watchers.Count == 0)
            {
                Stop();
            }
        }
    }

    /// <summary>Under the lock.</summary>
    private void Stop()
    {
        _running?.Cancel();
        _running = null;
        _current = null;
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        // (1) Before the first list, so that no event is lost. An unreachable engine counts as tried.
        var subscriptions = configured.Directory.All.Select(engine => WatchSubscription.Start(engine, time, MarkDirty, cancellationToken)).ToList();
        await Task.WhenAll(subscriptions.Select(s => s.Tried));
        long? lastSections = null;
        Task<bool>? dirty = null;
        var followsEvent = false;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                // (2), (3)
                _dirty.Reader.TryRead(out _);
                var (wanted, interval, selections) = Wanted();
                var isDue = wanted != ContainerSections.None && (lastSections is not { } last || time.GetElapsedTime(last) >= interval - BatchDelay);
                var sections = isDue || _current is null ? wanted : ContainerSections.None;
                if (isDue)
                {
                    lastSections = time.GetTimestamp();
                }

                var request = new ContainerRequest(ContainerSelection.Everything, sections);
                var collection = await collector.RunAsync(configured.Directory, request, cancellationToken, evenIfAllFail: true);
                await PublishAsync(collection, sections, selections, cancellationToken);
                var rest = wanted != ContainerSections.None && lastSections is { } started
                    ? TimeSpan.FromMilliseconds(Math.Max(0, (interval - time.GetElapsedTime(started)).TotalMilliseconds))
                    : Timeout.InfiniteTimeSpan;
                if ((followsEvent || !collection.IsComplete) && (rest == Timeout.InfiniteTimeSpan || rest > SettleDelay))
                {
                    rest = SettleDelay;
                }

                dirty ??= _dirty.Reader.WaitToReadAsync(cancellationToken).AsTask();
                followsEvent = await CompletesWithinAsync(dirty, rest, cancellationToken);
                if (followsEvent)
                {
                    dirty = null;
                    await Task.Delay(BatchDelay, time, cancellationToken);
                }
            }
        }
        catch (Exception e)
        {
            // A failed engine is part of a collection. Any other failure ends all watches.
            Fail(e, cancellationToken);
        }
        finally
        {
            await Task.WhenAll(subscriptions.Select(s => s.Ended));
        }
    }

    private (ContainerSections Sections, TimeSpan Interval, IReadOnlyList<WatchSelection> Selections) Wanted()
    {
        lock (_lock)
        {
            return (
                _watchers.Aggregate(ContainerSections.None, (all, w) => all | w.Sections),
                _watchers.Where(w => w.Sections != ContainerSections.None).Select(w => w.Interval).DefaultIfEmpty(TimeSpan.MaxValue).Min(),
                [.. _watchers.SelectMany(w => w.Selections)]);
        }
    }

    private void Fail(Exception failure, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                Stop();
                _watchers.ForEach(w => w.States.Writer.TryComplete(failure));
            }
        }
    }

    private void MarkDirty() => _dirty.Writer.TryWrite(true);

    private async Task PublishAsync(
        ContainerCollection collection, ContainerSections sections, IReadOnlyList<WatchSelection> selections, CancellationToken cancellationToken)
    {
        WatchState? last;
        WatchState before;
        lock (_lock)
        {
            // A stopped run must not publish into the next one.
            cancellationToken.ThrowIfCancellationRequested();
            last = _history.LastOrDefault();
            before = _current ?? last ?? WatchState.Empty(_epoch);
        }

        var after = before.After(collection, sections, time.GetUtcNow());
        var (selected, isComplete) = await _selections.EvaluateAsync(selections, before, after, cancellationToken);
        lock (_lock)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _current = after with { Selected = selected };
            _history.Enqueue(_current.Bare(last));
            if (_history.Count > MaxHistory)
            {
                _history.Dequeue();
            }

            _watchers.ForEach(w => w.Send(_current));
        }

        if (!isComplete)
        {
            _ = RetryAsync(cancellationToken);
        }
    }

    /// <summary>Repeats the collection after an engine answered the list but not a selection.</summary>
    private async Task RetryAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(WatchSubscription.RetryInterval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        MarkDirty();
    }

    private WatchState? Recall(string? eventId, IReadOnlyList<WatchSelection> selections)
    {
        lock (_lock)
        {
            return eventId is null ? null : _history.FirstOrDefault(s => s.EventId == eventId && s.Evaluated(selections));
        }
    }

    private async Task<bool> CompletesWithinAsync(Task task, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(timeout, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
