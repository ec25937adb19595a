using System.Collections.Concurrent;

namespace ContainerApi.Tests;

/// <summary>A fake clock that can wait until a timer is set.</summary>
internal sealed class TestClock() : FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))
{
    private readonly ConcurrentDictionary<Timer, DateTimeOffset> _due = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this);

        // The clock must not advance in between.
        lock (_due)
        {
            // Before the timer exists: one that is due at once has its callback before CreateTimer returns.
            timer.Set(dueTime);
            timer.Inner = base.CreateTimer(s => { _due.TryRemove(timer, out _); callback(s); }, state, dueTime, period);
        }

        return timer;
    }

    /// <summary>Waits until a timer is due within <paramref name="span"/>, then advances the clock.</summary>
    public async Task AdvanceWhenAwaitedAsync(TimeSpan span)
    {
        while (!_due.Values.Any(due => due <= GetUtcNow() + span))
        {
            await Task.Delay(1);
        }

        lock (_due)
        {
            Advance(span);
        }
    }

    private sealed class Timer(TestClock clock) : ITimer
    {
        public ITimer Inner { get; set; } = null!;

        public void Set(TimeSpan dueTime)
        {
            clock._due.TryRemove(this, out _);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                clock._due[this] = clock.GetUtcNow() + dueTime;
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._due)
            {
                Set(dueTime);
                return Inner.Change(dueTime, period);
            }
        }

        public void Dispose()
        {
            Set(Timeout.InfiniteTimeSpan);
            Inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
