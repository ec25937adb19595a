using System.Collections.Concurrent;
using System.Threading.Channels;
using ContainerApi.Engine;

namespace ContainerApi.Builds;

/// <summary>
/// Limits how many builds run and wait, per engine. The next build is one of the client with the fewest running builds. Among equal
/// clients it is the one whose last turn is longest ago, and among the builds of one client the one that came first.
/// </summary>
internal sealed class BuildQueue(BuildOptions options)
{
    /// <summary>Builds do not announce their duration, so this is only a hint for <c>Retry-After</c>.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, EngineQueue> _engines = [];

    /// <summary>Adds a build to the engine's queue. The build may run when <see cref="QueueSlot.Positions"/> returns 0.</summary>
    /// <exception cref="ApiException">The queue is full.</exception>
    public QueueSlot Enqueue(string engine, string client) =>
        _engines.GetOrAdd(engine, name => new EngineQueue(name, options)).Enqueue(client);

    /// <summary>Returns the number of builds that run and wait on an engine.</summary>
    public int CountOf(string engine) => _engines.TryGetValue(engine, out var queue) ? queue.Count : 0;

    /// <summary>Returns the engine of a build: for <c>any</c> the one with the fewest builds, of those that answered last.</summary>
    /// <exception cref="ApiException">No such engine, or several without a default.</exception>
    public IEngine Choose(EngineDirectory engines, EngineName? name) =>
        name?.Value == EngineName.Any && engines.All.Count > 0 && engines.All.All(e => e.Name != EngineName.Any)
            ? engines.All.MinBy(e => (e.Capabilities is null, CountOf(e.Name)))!
            : engines.ForWrite(name);

    internal sealed class EngineQueue(string engine, BuildOptions options)
    {
        private readonly Lock _lock = new();
        private readonly List<QueueSlot> _running = [];
        private readonly List<QueueSlot> _waiting = [];
        private readonly Dictionary<string, long> _lastTurns = [];
        private long _turns;

        public QueueSlot Enqueue(string client)
        {
            lock (_lock)
            {
                if (_running.Count >= options.MaxConcurrent && _waiting.Count >= options.MaxQueued && !HasShareLeft(client))
                {
                    throw new ApiException(
                        ErrorCode.TooManyBuilds, $"{_running.Count} builds run on the engine and {_waiting.Count} wait. Try again later.")
                    {
                        RetryAfter = RetryAfter,
                    };
                }

                var slot = new QueueSlot(this, client);
                _waiting.Add(slot);
                BuildTelemetry.Wait(engine, 1);
                Advance();
                return slot;
            }
        }

        public int Count
        {
            get
            {
                lock (_lock)
                {
                    return _running.Count + _waiting.Count;
                }
            }
        }

        public bool HasWaiting
        {
            get
            {
                lock (_lock)
                {
                    return _waiting.Count > 0;
                }
            }
        }

        public void Remove(QueueSlot slot)
        {
            lock (_lock)
            {
                if (_running.Remove(slot))
                {
                    BuildTelemetry.Work(engine, -1);
                    Advance();
                }
                else if (_waiting.Remove(slot))
                {
                    BuildTelemetry.Wait(engine, -1);
                    Advance();
                }
            }
        }

        /// <summary>A full queue takes a build of a client that has less than its share of it, so that no client shuts out the others. The
        /// shares together are as large as the queue, which therefore never doubles.</summary>
        private bool HasShareLeft(string client) => _waiting.Count(s => s.Client == client)
            < options.MaxQueued / _waiting.Select(s => s.Client).Append(client).Distinct().Count();

        /// <summary>Starts as many builds as the engine may run and sends the others their new positions.</summary>
        private void Advance()
        {
            var order = Order();
            var free = Math.Min(options.MaxConcurrent - _running.Count, order.Count);
            foreach (var slot in order[..free])
            {
                _waiting.Remove(slot);
                _running.Add(slot);
                BuildTelemetry.Wait(engine, -1);
                BuildTelemetry.Work(engine, 1);
                _lastTurns[slot.Client] = ++_turns;
                slot.MoveTo(0);
            }

            for (var n = free; n < order.Count; n++)
            {
                order[n].MoveTo(n - free + 1);
            }

            var present = _running.Concat(_waiting).Select(s => s.Client).ToHashSet();
            foreach (var client in _lastTurns.Keys.Where(c => !present.Contains(c)).ToList())
            {
                _lastTurns.Remove(client);
            }
        }

        /// <summary>Returns the waiting builds in the order in which they start if the queue does not change otherwise.</summary>
        private List<QueueSlot> Order()
        {
            var running = _running.CountBy(s => s.Client).ToDictionary();
            var lastTurns = new Dictionary<string, long>(_lastTurns);
            var (turns, left, order) = (_turns, _waiting.ToList(), new List<QueueSlot>());
            while (left.Count > 0)
            {
                // MinBy returns the first of equal builds, which is the oldest.
                var next = left.MinBy(s => (running.GetValueOrDefault(s.Client), lastTurns.GetValueOrDefault(s.Client)))!;
                left.Remove(next);
                order.Add(next);
                running[next.Client] = running.GetValueOrDefault(next.Client) + 1;
                lastTurns[next.Client] = ++turns;
            }

            return order;
        }
    }
}

/// <summary>One build's slot in the queue of its engine. Disposing it frees the slot.</summary>
internal sealed class QueueSlot(BuildQueue.EngineQueue queue, string client) : IDisposable
{
    private readonly Channel<int> _positions =
        Channel.CreateBounded<int>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private int _position = -1;

    public string Client { get; } = client;

    /// <summary>The newest position in the queue, from 1, each time it changes; 0 when the build may run.</summary>
    public ChannelReader<int> Positions => _positions.Reader;

    /// <summary>Whether builds wait for the engine.</summary>
    public bool OthersWait => queue.HasWaiting;

    public void Dispose() => queue.Remove(this);

    internal void MoveTo(int position)
    {
        if (position != _position)
        {
            _position = position;
            _positions.Writer.TryWrite(position);
        }
    }
}
