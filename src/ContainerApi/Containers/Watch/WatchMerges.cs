using System.Runtime.CompilerServices;
using ContainerApi.Api;
using ContainerApi.Cluster;

namespace ContainerApi.Containers.Watch;

/// <summary>The watches of all replicas that run now. Watchers with the same credentials and the same request share one.</summary>
internal sealed class WatchMerges(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<object, WatchMerge> _running = [];
    private readonly ConditionalWeakTable<WatchEvent, byte[]> _lines = [];

    /// <param name="key">Equal for watchers who may share a watch, and who see the same.</param>
    /// <param name="own">Begins the watch of this replica; null where it has no part.</param>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        object key, ListParts parts, Func<CancellationToken, IAsyncEnumerable<WatchEvent>>? own,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Again after the end: a watcher that was too far behind continues with a snapshot.
        while (true)
        {
            var merge = Find(key, parts, own, out var watcher);
            try
            {
                await foreach (var happened in watcher.Reader.ReadAllAsync(cancellationToken))
                {
                    yield return happened;
                }
            }
            finally
            {
                lock (_lock)
                {
                    if (merge.Leave(watcher))
                    {
                        merge.Dispose();
                        if (_running.GetValueOrDefault(key) == merge)
                        {
                            _running.Remove(key);
                        }
                    }
                }
            }
        }
    }

    /// <summary>The JSON line of an event, which watchers share, too.</summary>
    public ReadOnlyMemory<byte> LineOf(WatchEvent happened) => _lines.GetValue(happened, e => JsonLines.Serialize(e));

    private WatchMerge Find(
        object key, ListParts parts, Func<CancellationToken, IAsyncEnumerable<WatchEvent>>? own,
        out System.Threading.Channels.Channel<WatchEvent> watcher)
    {
        lock (_lock)
        {
            if (!_running.TryGetValue(key, out var merge) || merge.Fault is not null)
            {
                _running[key] = merge = new WatchMerge(parts, own, time);
                merge.Start();
            }

            watcher = merge.Join();
            return merge;
        }
    }
}
