namespace ContainerApi.Containers;

/// <summary>
/// Who may share which sweep. A caller never gets what was read before it asked, unless it says how old an answer may be:
/// so one that comes while a sweep runs waits for the next, together with all others that came meanwhile. There is one
/// sweep at a time for a key, and none for a key that nobody waits for. Between two sweeps those who just got the last one's
/// answer have a moment to ask again: else they would find the next one begun, and many who poll would share out over two
/// sweeps of half the use.
/// </summary>
internal sealed class SingleFlight<T>(TimeProvider time)
    where T : class
{
    /// <summary>Last answers are kept for callers that take older ones; this many questions' at most.</summary>
    private const int MostKeys = 64;

    /// <summary>How long is waited for those who may ask again; never longer than the sweep took, and not any more once all are there.</summary>
    private static readonly TimeSpan MaxBatchDelay = TimeSpan.FromMilliseconds(25);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Slot> _slots = [];

    /// <param name="maxAge">How old the answer may be; zero for one that is read from now on.</param>
    /// <param name="read">Its token is cancelled when the last one who waits for it has left.</param>
    public async Task<T> GetAsync(string key, TimeSpan maxAge, Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Sweep sweep;
        lock (_lock)
        {
            var slot = SlotOf(key);
            if (slot.Last is { } last && IsFresh(slot.LastStarted, maxAge))
            {
                return last;
            }

            sweep = Join(slot, maxAge, read);
            sweep.Waiters++;
            if (slot.Running is null && sweep.Waiters >= slot.Expected)
            {
                StartNext(slot, sweep);
            }
        }

        try
        {
            return await sweep.Answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            bool isLast;
            lock (_lock)
            {
                isLast = --sweep.Waiters == 0;
            }

            if (isLast)
            {
                // Not under the lock: it runs what waits for the token.
                sweep.Source.Cancel();
            }
        }
    }

    private Sweep Join(Slot slot, TimeSpan maxAge, Func<CancellationToken, Task<T>> read)
    {
        if (slot.Running is { Waiters: > 0 } && IsFresh(slot.Running.Started, maxAge))
        {
            return slot.Running;
        }

        // One that all have left is cancelled, and nobody can join it any more.
        if (slot.Next is { Waiters: > 0 })
        {
            return slot.Next;
        }

        if (slot.Running is null)
        {
            // Nothing runs and nobody waits: it begins at once.
            slot.Expected = 0;
        }

        return slot.Next = new Sweep(read);
    }

    /// <summary>Under the lock. Begins a sweep that was gathered for, unless it has begun, or nobody waits any more.</summary>
    private void StartNext(Slot slot, Sweep sweep)
    {
        slot.Gathering?.Dispose();
        slot.Gathering = null;
        if (slot.Next != sweep)
        {
            return;
        }

        slot.Next = null;
        if (sweep.Waiters > 0)
        {
            slot.Running = sweep;
            Start(slot, sweep);
        }
    }

    private void Start(Slot slot, Sweep sweep)
    {
        sweep.Started = time.GetTimestamp();
        _ = Task.Run(() => RunAsync(slot, sweep));
    }

    private async Task RunAsync(Slot slot, Sweep sweep)
    {
        T? answer = null;
        Exception? failure = null;
        try
        {
            answer = await sweep.Read(sweep.Source.Token);
        }
        catch (Exception e)
        {
            // Whatever it is belongs to those who wait, and to nobody else.
            failure = e;
        }

        lock (_lock)
        {
            if (answer is not null)
            {
                (slot.Last, slot.LastStarted) = (answer, sweep.Started);
            }

            slot.Running = null;
            if (slot.Next is { } next)
            {
                slot.Expected = next.Waiters + sweep.Waiters;
                var gathering = time.GetElapsedTime(sweep.Started);
                if (gathering < TimeSpan.FromMilliseconds(1) || next.Waiters == 0)
                {
                    StartNext(slot, next);
                }
                else
                {
                    slot.Gathering = time.CreateTimer(
                        _ => StartGathered(slot, next), null, gathering < MaxBatchDelay ? gathering : MaxBatchDelay, Timeout.InfiniteTimeSpan);
                }
            }
        }

        if (answer is not null)
        {
            sweep.Answer.TrySetResult(answer);
        }
        else
        {
            sweep.Answer.TrySetException(failure!);
            // Nobody may be left to see it.
            _ = sweep.Answer.Task.Exception;
        }
    }

    private void StartGathered(Slot slot, Sweep sweep)
    {
        lock (_lock)
        {
            // One that began already, because all were there, has its place in Running.
            if (slot.Next == sweep && slot.Running is null)
            {
                StartNext(slot, sweep);
            }
        }
    }

    private Slot SlotOf(string key)
    {
        if (!_slots.TryGetValue(key, out var slot))
        {
            if (_slots.Count >= MostKeys && _slots.Where(s => s.Value.Running is null && s.Value.Next is null).ToList() is { Count: > 0 } idle)
            {
                _slots.Remove(idle.MinBy(s => s.Value.LastStarted).Key);
            }

            _slots[key] = slot = new Slot();
        }

        return slot;
    }

    private bool IsFresh(long started, TimeSpan maxAge) => maxAge > TimeSpan.Zero && time.GetElapsedTime(started) <= maxAge;

    private sealed class Slot
    {
        public Sweep? Running { get; set; }
        public Sweep? Next { get; set; }

        /// <summary>How many may ask for the next sweep: it begins once they all do.</summary>
        public int Expected { get; set; }

        /// <summary>Ends the waiting for them.</summary>
        public ITimer? Gathering { get; set; }
        public T? Last { get; set; }
        public long LastStarted { get; set; }
    }

    private sealed class Sweep(Func<CancellationToken, Task<T>> read)
    {
        public Func<CancellationToken, Task<T>> Read { get; } = read;

        /// <summary>Never disposed: it has no timer, and the last one to leave may come after the end.</summary>
        public CancellationTokenSource Source { get; } = new();
        public TaskCompletionSource<T> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Waiters { get; set; }
        public long Started { get; set; }
    }
}
