using System.Runtime.CompilerServices;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>Reads all containers of all engines, with the sections that are wanted.</summary>
internal delegate Task<ContainerCollection> ReadEverything(ContainerSections sections, CancellationToken cancellationToken);

/// <summary>
/// One subscription to each engine, however many watch. While somebody does, the hub (1) subscribes, (2) reads everything,
/// (3) reads the bare list again whenever an engine says that something happened, and the sections once per interval.
/// Watchers are told the difference between the state they know and the newest one, so a slow one skips what lies between
/// and nothing queues up for it.
/// </summary>
internal sealed class WatchHub(EngineDirectory engines, ReadEverything read, TimeProvider time) : IDisposable
{
    /// <summary>Events come in bursts (a removal is three); this long is waited for the rest of one.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(20);

    /// <summary>By how much a sample may come before its time: timers are not exact, and to skip one would double the interval.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>How many states are remembered for those who resume, without their sections.</summary>
    private const int Remembered = 64;

    private readonly Lock _lock = new();
    private readonly List<Watcher> _watchers = [];
    private readonly Queue<WatchState> _history = new();
    private readonly string _epoch = Guid.NewGuid().ToString("n")[..12];
    private WatchState? _current;
    private TaskCompletionSource _published = NewSignal();
    private CancellationTokenSource? _running;
    private TaskCompletionSource _dirty = NewSignal();

    private readonly WatchSelections _answers = new(engines);

    private sealed record Watcher(ContainerSections Sections, TimeSpan Interval, WatchSelection? Question);

    /// <param name="lastEventId">The id of the last event that the watcher has seen, or null.</param>
    /// <param name="interval">How often new sections are told; 1 s at least.</param>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        WatchView view, TimeSpan interval, string? lastEventId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watcher = new Watcher(view.Sections, interval, view.Question);
        var joined = Join(watcher);
        try
        {
            var (known, published) = await FirstAsync(joined, view.Question, cancellationToken);
            if (Recall(lastEventId, view.Question) is { } resumed)
            {
                foreach (var missed in WatchDifference.Between(resumed, known, view, samples: true))
                {
                    yield return missed;
                }
            }
            else
            {
                yield return WatchDifference.Snapshot(known, view);
            }

            // What changed is told against the newest state; new sections against the state of the last sample.
            var sampled = known;
            var lastSample = time.GetTimestamp();
            while (true)
            {
                await published.WaitAsync(cancellationToken);
                (var newest, published) = Newest();
                var due = newest.Sampled > sampled.Sampled && time.GetElapsedTime(lastSample) >= interval - Tolerance;
                foreach (var happened in WatchDifference.Between(known, newest, view, samples: false))
                {
                    yield return happened;
                }

                known = newest;
                // A state that was read for an event has the sections of the last reading: those are not due for another interval.
                if (due)
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

    /// <returns>Done when the next state is there, or the reading of it failed.</returns>
    private Task Join(Watcher watcher)
    {
        lock (_lock)
        {
            var published = _published.Task;
            _watchers.Add(watcher);
            ContainerTelemetry.Watchers.Add(1);
            if (_running is null)
            {
                _running = new CancellationTokenSource();
                _ = RunAsync(_running.Token);
            }
            else
            {
                // It may want a section, or ask a question, that nobody has asked for so far.
                _dirty.TrySetResult();
            }

            return published;
        }
    }

    /// <summary>The last one to leave ends the subscriptions: nobody watching costs nothing.</summary>
    private void Leave(Watcher watcher)
    {
        lock (_lock)
        {
            _watchers.Remove(watcher);
            ContainerTelemetry.Watchers.Add(-1);
            if (_watchers.Count == 0)
            {
                _running?.Cancel();
                _running = null;
                _current = null;
                _published.TrySetResult();
                _published = NewSignal();
            }
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        // (1) Subscribe before the first list, so that nothing falls between; an engine that is away counts as tried.
        var subscriptions = engines.All.Select(engine => WatchSubscription.Start(engine, time, MarkDirty, cancellationToken)).ToList();
        await Task.WhenAll(subscriptions.Select(s => s.Tried));
        long? lastSections = null;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                // (2), (3)
                TaskCompletionSource dirty;
                ContainerSections wanted;
                TimeSpan interval;
                List<WatchSelection> questions;
                lock (_lock)
                {
                    dirty = _dirty = NewSignal();
                    wanted = _watchers.Aggregate(ContainerSections.None, (all, w) => all | w.Sections);
                    interval = _watchers.Where(w => w.Sections != ContainerSections.None).Select(w => w.Interval).DefaultIfEmpty(Silence).Min();
                    questions = [.. _watchers.Select(w => w.Question).OfType<WatchSelection>()];
                }

                var due = wanted != ContainerSections.None && (lastSections is not { } last || time.GetElapsedTime(last) >= interval - Burst);
                var sections = due || _current is null ? wanted : ContainerSections.None;
                if (due)
                {
                    lastSections = time.GetTimestamp();
                }

                await PublishAsync(await read(sections, cancellationToken), sections, questions, cancellationToken);
                var rest = wanted != ContainerSections.None && lastSections is { } begun ? Max(interval - time.GetElapsedTime(begun), TimeSpan.Zero) : Timeout.InfiniteTimeSpan;
                if (await HappensWithinAsync(dirty.Task, rest, cancellationToken))
                {
                    await Task.Delay(Burst, time, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // A read tells a failed engine as data; anything else is ours, and those who watch must not wait for ever.
            Fail(e, cancellationToken);
        }
        finally
        {
            await Task.WhenAll(subscriptions.Select(s => s.Ended));
        }
    }

    private void Fail(Exception failure, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            _running?.Cancel();
            _running = null;
            _current = null;
            _published.TrySetException(failure);
            // Nobody may be left to see it.
            _ = _published.Task.Exception;
            _published = NewSignal();
        }
    }

    private void MarkDirty()
    {
        lock (_lock)
        {
            _dirty.TrySetResult();
        }
    }

    private async Task PublishAsync(
        ContainerCollection everything, ContainerSections sections, IReadOnlyCollection<WatchSelection> questions, CancellationToken cancellationToken)
    {
        WatchState? last;
        WatchState before;
        lock (_lock)
        {
            // A run that was ended must not speak for the one that came after it.
            cancellationToken.ThrowIfCancellationRequested();
            last = _history.LastOrDefault();
            before = _current ?? last ?? WatchState.Empty(_epoch);
        }

        var after = before.After(everything, sections, time.GetUtcNow());
        var (answers, whole) = await _answers.AskAsync(questions, before, after, cancellationToken);
        lock (_lock)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _current = after with { Answers = answers };
            _history.Enqueue(_current.Bare(last));
            if (_history.Count > Remembered)
            {
                _history.Dequeue();
            }

            _published.TrySetResult();
            _published = NewSignal();
        }

        if (!whole)
        {
            _ = AskAgainAsync(cancellationToken);
        }
    }

    /// <summary>An engine that answered the list and not the question after it: it is asked anew in a while.</summary>
    private async Task AskAgainAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(WatchSubscription.Reconnect, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        MarkDirty();
    }

    /// <summary>The first state that answers what this watcher asks.</summary>
    private async Task<(WatchState State, Task Next)> FirstAsync(Task joined, WatchSelection? question, CancellationToken cancellationToken)
    {
        for (var published = joined; ;)
        {
            lock (_lock)
            {
                if (_current is not null && _current.Answered(question))
                {
                    return (_current, _published.Task);
                }
            }

            await published.WaitAsync(cancellationToken);
            lock (_lock)
            {
                published = _published.Task;
            }
        }
    }

    private (WatchState State, Task Next) Newest()
    {
        lock (_lock)
        {
            return (_current ?? throw new InvalidOperationException("The reading that all watch has failed."), _published.Task);
        }
    }

    private WatchState? Recall(string? eventId, WatchSelection? question)
    {
        lock (_lock)
        {
            return eventId is null ? null : _history.FirstOrDefault(s => s.EventId == eventId && s.Answered(question));
        }
    }

    private async Task<bool> HappensWithinAsync(Task what, TimeSpan span, CancellationToken cancellationToken)
    {
        try
        {
            await what.WaitAsync(span, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
