using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Api;
using ContainerApi.Cluster;

namespace ContainerApi.Containers.Watch;

/// <summary>
/// One watch of all replicas: (1) the own watch and one stream of each other replica; (2) their snapshots become one, in which a replica that
/// does not answer in time is an entry of the engines; (3) their events follow as they come. A stream that ends is an <c>engine</c> event, and
/// is opened again; the snapshot that it then begins with becomes the difference to what the watcher knows.
/// </summary>
internal sealed class WatchMerge(ListParts parts, TimeProvider time)
{
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);

    /// <summary>A slow watcher stops the reading of the streams, and their replicas skip states.</summary>
    private const int MaxQueued = 64;

    private readonly Channel<WatchEvent> _events = Channel.CreateBounded<WatchEvent>(MaxQueued);

    /// <summary>What the watcher knows.</summary>
    private readonly Dictionary<(string Engine, string Id), string?> _known = [];
    private readonly Dictionary<string, EngineReport> _engines = [];

    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        IAsyncEnumerable<WatchEvent>? own, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Task.WhenAll(OwnAsync(own, ended.Token), OthersAsync(ended.Token));
        // Other replicas know no such position: a watcher that resumes gets a snapshot.
        var (epoch, number) = ("m" + Guid.NewGuid().ToString("n")[..12], 0L);
        try
        {
            var (snapshot, rest) = await SnapshotAsync(own is not null, cancellationToken);
            yield return Numbered(snapshot);
            foreach (var happened in rest.SelectMany(Translate).ToList())
            {
                yield return Numbered(happened);
            }

            await foreach (var happened in _events.Reader.ReadAllAsync(cancellationToken))
            {
                foreach (var change in Translate(happened).ToList())
                {
                    yield return Numbered(change);
                }
            }
        }
        finally
        {
            await ended.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        WatchEvent Numbered(WatchEvent happened) => happened with { Seq = $"{epoch}-{StreamEvents.SeqOf(number++)}", At = time.GetUtcNow() };
    }

    /// <summary>Waits for the first snapshots. Those that come later are events.</summary>
    private async Task<(WatchSnapshot Snapshot, List<WatchEvent> Later)> SnapshotAsync(bool hasOwn, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (items, rest) = (new List<Container>(), new List<WatchEvent>());
        var missing = parts.Peers.Count + (hasOwn ? 1 : 0);
        if (!hasOwn)
        {
            late.CancelAfter(parts.ListTimeout);
        }

        try
        {
            while (missing > 0)
            {
                var happened = await _events.Reader.ReadAsync(late.Token);
                if (happened is WatchSnapshot { Seq: not null } snapshot)
                {
                    // What this replica lists takes as long as without others.
                    late.CancelAfter(parts.ListTimeout);
                }

                if (happened is WatchSnapshot or WatchMissing)
                {
                    missing--;
                }

                if (happened is WatchSnapshot first)
                {
                    items.AddRange(first.Items);
                    Know(first);
                }
                else
                {
                    rest.Add(happened);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The others are entries.
        }

        foreach (var report in rest.OfType<WatchMissing>().SelectMany(m => m.Engines))
        {
            _engines[report.Name] = report;
        }

        rest.RemoveAll(e => e is WatchMissing);
        foreach (var silent in parts.Peers.SelectMany(parts.NamesOf).Where(n => !_engines.ContainsKey(n)))
        {
            _engines[silent] = ReportOf(silent, PeerFailure.TimedOut(time.GetUtcNow()));
        }

        return (new WatchSnapshot(items, [.. _engines.Values.OrderBy(e => e.Name, StringComparer.Ordinal)]), rest);
    }

    private async Task OwnAsync(IAsyncEnumerable<WatchEvent>? own, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var happened in (own ?? AsyncEnumerable.Empty<WatchEvent>()).WithCancellation(cancellationToken))
            {
                await _events.Writer.WriteAsync(happened, cancellationToken);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A bug: it ends the watch.
            _events.Writer.TryComplete(e);
        }
    }

    /// <summary>Opens a stream of every replica that answers, again after its end, and of those that join.</summary>
    private async Task OthersAsync(CancellationToken cancellationToken)
    {
        var streams = new Dictionary<string, Task>();
        var isFirst = true;
        while (!cancellationToken.IsCancellationRequested)
        {
            foreach (var peer in isFirst ? parts.Peers : await parts.FindAgainAsync(cancellationToken))
            {
                if (!streams.TryGetValue(peer.Authority, out var stream) || (stream.IsCompleted && peer.Failure is null))
                {
                    streams[peer.Authority] = ReadAsync(peer, cancellationToken);
                }
            }

            isFirst = false;
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
                        break;
                    }

                    if (happened is not WatchHeartbeat)
                    {
                        // No position of another replica.
                        await _events.Writer.WriteAsync(happened with { Seq = null }, cancellationToken);
                    }
                }
            }

            failure ??= PeerFailure.Unavailable("stopped", time.GetUtcNow());
        }
        catch (PeerException e)
        {
            failure = e.Failure;
        }

        await _events.Writer.WriteAsync(new WatchMissing([.. parts.NamesOf(peer).Select(name => ReportOf(name, failure))]), cancellationToken);
    }

    private static EngineReport ReportOf(string engine, PeerFailure failure) =>
        new(engine, failure.State, null, null, failure.Error, failure.Since);

    /// <summary>Returns the events for the watcher, which has a snapshot.</summary>
    private IEnumerable<WatchEvent> Translate(WatchEvent happened)
    {
        switch (happened)
        {
            case WatchSnapshot snapshot:
                return Difference(snapshot);
            case WatchMissing missing:
                return Report(missing.Engines);
            case WatchEngine engine:
                return Report([engine.Engine]);
            case WatchAdded added:
                _known[(added.Container.Engine, added.Container.Id)] = added.Container.Name;
                break;
            case WatchRemoved removed:
                _known.Remove((removed.Engine, removed.ContainerId));
                break;
        }

        return [happened];
    }

    private List<WatchEvent> Difference(WatchSnapshot snapshot)
    {
        var engines = snapshot.Engines.Select(e => e.Name).ToHashSet();
        var now = snapshot.Items.Select(c => (c.Engine, c.Id)).ToHashSet();
        var gone = _known.Where(k => engines.Contains(k.Key.Engine) && !now.Contains(k.Key)).ToList();
        List<WatchEvent> events =
        [
            .. Report(snapshot.Engines), .. gone.Select(k => new WatchRemoved(k.Key.Engine, k.Key.Id, k.Value)),
            .. snapshot.Items.Select(c => _known.ContainsKey((c.Engine, c.Id)) ? (WatchEvent)new WatchChanged(c) : new WatchAdded(c)),
        ];
        gone.ForEach(k => _known.Remove(k.Key));
        Know(snapshot);
        return events;
    }

    /// <summary>Only changes of the state are events.</summary>
    private List<WatchEvent> Report(IReadOnlyList<EngineReport> reports)
    {
        var changed = reports.Where(r => !_engines.TryGetValue(r.Name, out var known) || known.State != r.State || known.ApiVersion != r.ApiVersion);
        List<WatchEvent> events = [.. changed.Select(r => new WatchEngine(r))];
        foreach (var report in reports)
        {
            _engines[report.Name] = report;
        }

        return events;
    }

    private void Know(WatchSnapshot snapshot)
    {
        foreach (var container in snapshot.Items)
        {
            _known[(container.Engine, container.Id)] = container.Name;
        }

        foreach (var engine in snapshot.Engines)
        {
            _engines[engine.Name] = engine;
        }
    }

    /// <summary>A replica whose stream could not be read.</summary>
    private sealed record WatchMissing(IReadOnlyList<EngineReport> Engines) : WatchEvent;
}
