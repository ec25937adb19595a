namespace ContainerApi.Api;

/// <summary>
/// Callers with the same key share one operation. A caller never gets data that was read before its call, unless it allows
/// an age: a caller that arrives while an operation runs shares the next one. Per key at most one operation runs, and
/// none runs without a waiting caller.
/// </summary>
internal sealed class SingleFlight<T>(TimeProvider time)
    where T : class
{
    /// <summary>The last results of this many keys are kept for callers that allow an age, until nobody asked for this long.</summary>
    private const int MaxKeys = 64;
    private static readonly TimeSpan MaxIdle = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<object, Slot> _slots = [];

    /// <summary>Runs once after there is a slot: an idle service has no timer.</summary>
    private ITimer? _cleanup;

    /// <param name="key">Values with structural equality, never text joined from parts: two queries must not share a text.</param>
    /// <param name="maxAge">The allowed age of the result; zero for a result that is read after this call.</param>
    /// <param name="operation">Its token is cancelled when the last waiting caller has left.</param>
    public async Task<T> GetAsync(object key, TimeSpan maxAge, Func<CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Flight flight;
        lock (_lock)
        {
            var slot = SlotOf(key);
            slot.LastAsked = time.GetTimestamp();
            if (slot.Last is { } last && IsFresh(slot.LastStarted, maxAge))
            {
                return last;
            }

            flight = Join(slot, maxAge, operation);
            flight.Waiters++;
        }

        try
        {
            return await flight.Result.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            bool isLast;
            lock (_lock)
            {
                isLast = --flight.Waiters == 0;
            }

            if (isLast)
            {
                // Outside the lock: Cancel runs the token's callbacks.
                flight.Source.Cancel();
            }
        }
    }

    private Flight Join(Slot slot, TimeSpan maxAge, Func<CancellationToken, Task<T>> operation)
    {
        if (slot.Running is null)
        {
            return Start(slot, new Flight(operation));
        }

        // A flight without waiters is cancelled.
        return slot.Running.Waiters > 0 && IsFresh(slot.Running.Started, maxAge) ? slot.Running
            : slot.Next is { Waiters: > 0 } next ? next
            : slot.Next = new Flight(operation);
    }

    private Flight Start(Slot slot, Flight flight)
    {
        slot.Running = flight;
        flight.Started = time.GetTimestamp();
        _ = Task.Run(() => RunAsync(slot, flight));
        return flight;
    }

    private async Task RunAsync(Slot slot, Flight flight)
    {
        T? result = null;
        Exception? failure = null;
        try
        {
            result = await flight.Operation(flight.Source.Token);
        }
        catch (Exception e)
        {
            // Every failure belongs to the waiting callers.
            failure = e;
        }

        lock (_lock)
        {
            if (result is not null)
            {
                (slot.Last, slot.LastStarted) = (result, flight.Started);
            }

            _cleanup ??= time.CreateTimer(_ => RemoveIdle(), null, MaxIdle, Timeout.InfiniteTimeSpan);
            (slot.Running, var next, slot.Next) = (null, slot.Next, null);
            if (next is { Waiters: > 0 })
            {
                Start(slot, next);
            }
        }

        if (result is not null)
        {
            flight.Result.TrySetResult(result);
        }
        else
        {
            flight.Result.TrySetException(failure!);
            // All callers may have left: reading the exception marks it as observed.
            _ = flight.Result.Task.Exception;
        }
    }

    private Slot SlotOf(object key)
    {
        if (!_slots.TryGetValue(key, out var slot))
        {
            if (_slots.Count >= MaxKeys && _slots.Where(s => s.Value.Running is null).ToList() is { Count: > 0 } idle)
            {
                _slots.Remove(idle.MinBy(s => s.Value.LastStarted).Key);
            }

            _slots[key] = slot = new Slot();
        }

        return slot;
    }

    private void RemoveIdle()
    {
        lock (_lock)
        {
            foreach (var (key, _) in _slots.Where(s => s.Value.Running is null && time.GetElapsedTime(s.Value.LastAsked) >= MaxIdle).ToList())
            {
                _slots.Remove(key);
            }

            _cleanup?.Dispose();
            _cleanup = _slots.Count == 0 ? null : time.CreateTimer(_ => RemoveIdle(), null, MaxIdle, Timeout.InfiniteTimeSpan);
        }
    }

    private bool IsFresh(long started, TimeSpan maxAge) => maxAge > TimeSpan.Zero && time.GetElapsedTime(started) <= maxAge;

    private sealed class Slot
    {
        public Flight? Running { get; set; }
        public Flight? Next { get; set; }
        public T? Last { get; set; }
        public long LastStarted { get; set; }
        public long LastAsked { get; set; }
    }

    private sealed class Flight(Func<CancellationToken, Task<T>> operation)
    {
        public Func<CancellationToken, Task<T>> Operation { get; } = operation;

        /// <summary>Not disposed: it has no timer, and the last caller may leave after the operation's end.</summary>
        public CancellationTokenSource Source { get; } = new();
        public TaskCompletionSource<T> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Waiters { get; set; }
        public long Started { get; set; }
    }
}
