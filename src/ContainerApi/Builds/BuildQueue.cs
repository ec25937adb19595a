
namespace ContainerApi.Builds;

/// <summary>
/// How many builds an engine works at, how many wait, and who is next: the client with the fewest builds at work, among
/// equals the one whose turn is longest ago, and of one client the build that came first.
/// </summary>
internal sealed class BuildQueue(BuildOptions options)
{
    /// <summary>No build says how long it takes; this is when to ask again.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, EngineQueue> _engines = [];

    /// <summary>Takes a place on the engine, or one in its queue.</summary>
    /// <exception cref="ApiException">The queue is full.</exception>
    public QueueSlot Enter(string engine, string client)
    {
        lock (_lock)
        {
            if (!_engines.TryGetValue(engine, out var queue))
            {
                _engines[engine] = queue = new EngineQueue();
            }

            if (queue.Working.Count >= options.MaxConcurrent && queue.Waiting.Count >= options.MaxQueued)
            {
                throw new ApiException(
                    ErrorCode.TooManyBuilds, $"The engine works at {queue.Working.Count} builds, and {queue.Waiting.Count} wait; try again later.")
                {
                    RetryAfter = AskAgain,
                };
            }

            var ticket = new QueueSlot(this, engine, client);
            queue.Waiting.Add(ticket);
            BuildTelemetry.Wait(engine, 1);
            Advance(queue);
            return ticket;
        }
    }

    private void Leave(QueueSlot ticket)
    {
        lock (_lock)
        {
            var queue = _engines[ticket.Engine];
            if (queue.Working.Remove(ticket))
            {
                BuildTelemetry.Work(ticket.Engine, -1);
                Advance(queue);
            }
            else if (queue.Waiting.Remove(ticket))
            {
                BuildTelemetry.Wait(ticket.Engine, -1);
                Advance(queue);
            }
        }
    }

    /// <summary>Admits whom there is room for, and tells the others where they are now.</summary>
    private void Advance(EngineQueue queue)
    {
        var order = queue.InOrder();
        var admitted = Math.Min(options.MaxConcurrent - queue.Working.Count, order.Count);
        foreach (var ticket in order[..admitted])
        {
            queue.Waiting.Remove(ticket);
            queue.Working.Add(ticket);
            BuildTelemetry.Wait(ticket.Engine, -1);
            BuildTelemetry.Work(ticket.Engine, 1);
            queue.LastTurn[ticket.Client] = ++queue.Turns;
            ticket.Move(0);
        }

        for (var n = admitted; n < order.Count; n++)
        {
            order[n].Move(n - admitted + 1);
        }

        // Who has nothing here any more has no turn to remember.
        var present = queue.Working.Concat(queue.Waiting).Select(t => t.Client).ToHashSet();
        foreach (var gone in queue.LastTurn.Keys.Where(client => !present.Contains(client)).ToList())
        {
            queue.LastTurn.Remove(gone);
        }
    }

    private sealed class EngineQueue
    {
        public List<QueueSlot> Working { get; } = [];
        public List<QueueSlot> Waiting { get; } = [];
        public Dictionary<string, long> LastTurn { get; } = [];
        public long Turns { get; set; }

        /// <summary>Those that wait, in the order in which they begin if nobody comes, leaves or ends.</summary>
        public List<QueueSlot> InOrder()
        {
            var working = Working.GroupBy(t => t.Client).ToDictionary(g => g.Key, g => g.Count());
            var turn = new Dictionary<string, long>(LastTurn);
            var (now, left, order) = (Turns, Waiting.ToList(), new List<QueueSlot>());
            while (left.Count > 0)
            {
                // MinBy takes the first of equals: who came first.
                var next = left.MinBy(t => (working.GetValueOrDefault(t.Client), turn.GetValueOrDefault(t.Client)))!;
                left.Remove(next);
                order.Add(next);
                working[next.Client] = working.GetValueOrDefault(next.Client) + 1;
                turn[next.Client] = ++now;
            }

            return order;
        }
    }

    /// <summary>One build's place; given back by disposing of it.</summary>
    internal sealed class QueueSlot : IDisposable
    {
        private readonly BuildQueue _admission;
        private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _position = -1;

        internal QueueSlot(BuildQueue admission, string engine, string client) => (_admission, Engine, Client) = (admission, engine, client);

        public string Engine { get; }

        public string Client { get; }

        /// <summary>The place in the queue, from 1, or 0 once it is admitted; and what ends when that changes.</summary>
        public (int Position, Task Moved) Look()
        {
            lock (_admission._lock)
            {
                return (_position, _moved.Task);
            }
        }

        public void Dispose() => _admission.Leave(this);

        internal void Move(int position)
        {
            if (position != _position)
            {
                _position = position;
                _moved.SetResult();
                _moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
