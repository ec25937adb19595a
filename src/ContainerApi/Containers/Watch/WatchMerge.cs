using System.Threading.Channels;
using ContainerApi.Api;
using ContainerApi.Cluster;

namespace ContainerApi.Containers.Watch;

/// <summary>
/// One watch of all replicas: (1) the own watch and one stream of each other replica; (2) their snapshots become one, in which a replica that
/// does not answer in time is an entry of the engines; (3) their events follow as they come. A stream that ends is an <c>engine</c> event, and
/// is opened again; the snapshot that it then begins with becomes the difference to what the watchers know. Watchers join and leave it.
/// </summary>
/// <param name="own">Begins the watch of this replica; null where it has no part.</param>
internal sealed class WatchMerge(ListParts parts, Func<CancellationToken, IAsyncEnumerable<WatchEvent>>? own, TimeProvider time)
    : IDisposable
{
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);

    /// <summary>Streams wait while the events before theirs are merged, and their replicas skip states.</summary>
    private const int MaxQueued = 64;

    /// <summary>A watcher that is further behind gets a snapshot when it reads again.</summary>
    private const int MaxBehind = 128;

    private const string OwnSource = "";

    private readonly Lock _lock = new();
    private readonly Channel<(string Source, WatchEvent Event)> _parts = Channel.CreateBounded<(string, WatchEvent)>(MaxQueued);
    private readonly MergedState _state = new();
    private readonly HashSet<string> _waitedFor = [.. parts.Peers.Select(p => p.Authority), .. own is null ? [] : (string[])[OwnSource]];
    private readonly List<Channel<WatchEvent>> _watchers = [];
    private readonly CancellationTokenSource _ended = new();

    // Other replicas know no such position: a watcher that resumes gets a snapshot.
    private readonly string _epoch = "m" + Guid.NewGuid().ToString("n")[..12];
    private long _number;
    private bool _hasBegun;

    /// <summary>What has ended the watch; null while it runs.</summary>
    public Exception? Fault { get; private set; }

    public void Start() => _ = RunAsync(_ended.Token);

    public void Dispose()
    {
        _ended.Cancel();
        _ended.Dispose();
    }

    /// <summary>Adds a watcher. It gets a snapshot, then the events; the end means that it is too far behind.</summary>
    public Channel<WatchEvent> Join()
    {
        var watcher = Channel.CreateBounded<WatchEvent>(MaxBehind);
        lock (_lock)
        {
            if (Fault is not null)
            {
                watcher.Writer.TryComplete(Fault);
                return watcher;
            }

            _watchers.Add(watcher);
            if (_hasBegun)
            {
                watcher.Writer.TryWrite(Numbered(_state.ToSnapshot()));
            }
        }

        return watcher;
    }

    /// <summary>Removes a watcher, and returns whether it was the last one.</summary>
    public bool Leave(Channel<WatchEvent> watcher)
    {
        lock (_lock)
        {
            _watchers.Remove(watcher);
            return _watchers.Count == 0;
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var reading in (Task[])[OwnAsync(cancellationToken), OthersAsync(cancellationToken)])
            {
                // A bug ends the watch.
                _ = reading.ContinueWith(
                    ended => _parts.Writer.TryComplete(ended.Exception!.GetBaseException()), CancellationToken.None,
                    TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }

            await BeginAsync(cancellationToken);
            await foreach (var (source, happened) in _parts.Reader.ReadAllAsync(cancellationToken))
            {
                Publish(() => happened is WatchForgotten ? _state.Forget(source) : _state.Apply(source, happened));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The last watcher has left.
        }
        catch (Exception e)
        {
            lock (_lock)
            {
                Fault = e;
                _watchers.ForEach(w => w.Writer.TryComplete(e));
            }
        }
    }

    /// <summary>Waits for the first snapshots. Those that come later are events.</summary>
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (own is null)
        {
            late.CancelAfter(parts.ListTimeout);
        }

        try
        {
            while (_waitedFor.Count > 0)
            {
                var (source, happened) = await _parts.Reader.ReadAsync(late.Token);
                _state.Apply(source, happened);
                if (happened is WatchSnapshot or WatchMissing)
                {
                    _waitedFor.Remove(source);
                }

                if (source == OwnSource)
                {
                    // What this replica lists takes as long as without others.
                    late.CancelAfter(parts.ListTimeout);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The others are entries.
        }

        foreach (var silent in parts.Peers.Where(p => _waitedFor.Contains(p.Authority)))
        {
            _state.Apply(silent.Authority, Missing(silent, PeerFailure.TimedOut(time.GetUtcNow())));
        }

        Publish(() =>
        {
            _hasBegun = true;
            return [_state.ToSnapshot()];
        });
    }

    private void Publish(Func<IReadOnlyList<WatchEvent>> change)
    {
        lock (_lock)
        {
            foreach (var happened in change())
            {
                var numbered = Numbered(happened);
                // A watcher that is too far behind joins again when it has read what it has.
                foreach (var slow in _watchers.FindAll(w => !w.Writer.TryWrite(numbered)))
                {
                    slow.Writer.TryComplete();
                    _watchers.Remove(slow);
                }
            }
        }
    }

    private WatchEvent Numbered(WatchEvent happened) =>
        happened with { Seq = $"{_epoch}-{StreamEvents.SeqOf(_number++)}", At = time.GetUtcNow() };

    private async Task OwnAsync(CancellationToken cancellationToken)
    {
        if (own is not null)
        {
            await foreach (var happened in own(cancellationToken))
            {
                await _parts.Writer.WriteAsync((OwnSource, happened), cancellationToken);
            }
        }
    }

    /// <summary>Opens a stream of every replica that answers, again after its end, and of those that join.</summary>
    private async Task OthersAsync(CancellationToken cancellationToken)
    {
        var streams = new Dictionary<string, Task>();
        for (var peers = parts.Peers; ; peers = await parts.FindAgainAsync(cancellationToken))
        {
            foreach (var peer in peers)
            {
                if (!streams.TryGetValue(peer.Authority, out var stream) || (stream.IsCompleted && peer.Failure is null))
                {
                    streams[peer.Authority] = ReadAsync(peer, cancellationToken);
                }
            }

            var current = peers.Select(p => p.Authority).ToHashSet();
            foreach (var gone in streams.Where(s => s.Value.IsCompleted && !current.Contains(s.Key)).Select(s => s.Key).ToList())
            {
                streams.Remove(gone);
                await _parts.Writer.WriteAsync((gone, new WatchForgotten()), cancellationToken);
            }

            await Task.Delay(RefreshInterval, time, cancellationToken);
        }
    }

    private async Task ReadAsync(Peer peer, CancellationToken cancellationToken)
    {
        var failure = peer.Failure;
        try
        {
            if (failure is null)
            {
                await foreach (var happened in parts.StreamAsync<WatchEvent>(peer, cancellationToken))
                {
                    if (happened is WatchResult)
                    {
                        // A stream that reached its maximum duration is opened again. A replica that stops refuses that.
                        return;
                    }

                    if (happened is not WatchHeartbeat)
                    {
                        await _parts.Writer.WriteAsync((peer.Authority, happened), cancellationToken);
                    }
                }
            }

            failure ??= PeerFailure.Unavailable("stopped", time.GetUtcNow());
        }
        catch (PeerException e)
        {
            failure = e.Failure;
        }

        await _parts.Writer.WriteAsync((peer.Authority, Missing(peer, failure)), cancellationToken);
    }

    private WatchMissing Missing(Peer peer, PeerFailure failure) =>
        new([.. parts.NamesOf(peer)], failure.State, failure.Error, failure.Since, peer.Node);

    /// <summary>A replica left the cluster.</summary>
    private sealed record WatchForgotten : WatchEvent;
}
