using System.Net;
using ContainerApi.Engine;

namespace ContainerApi.Cluster;

/// <summary>
/// The nodes of a Swarm that should run a replica, where an own engine is a manager and <c>Cluster:Dns</c> is <c>tasks.SERVICE</c>. They are
/// read beside the requests; a failure changes nothing. Replicas must have the names of their nodes.
/// </summary>
internal sealed class SwarmNodes(ClusterOptions options, ConfiguredEngines engines, TimeProvider time)
{
    private const string Tasks = "tasks.";

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(2);

    /// <summary>A worker can become a manager.</summary>
    private static readonly TimeSpan WorkerInterval = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Peer> _peers = [];
    private Task _reading = Task.CompletedTask;
    private DateTimeOffset _nextRead = DateTimeOffset.MinValue;
    private volatile IReadOnlyList<SwarmNode> _all = [];

    /// <summary>As of the last answer of a manager.</summary>
    public IReadOnlyList<SwarmNode> All => _all;

    /// <summary>The addresses of tasks on nodes that are ready.</summary>
    public IEnumerable<string> Addresses => _all.Where(n => n.IsReady).SelectMany(n => n.Addresses).Select(a => AuthorityOf(a));

    /// <summary>Reads again where it is time to.</summary>
    public Task RefreshAsync()
    {
        if (options.Dns?.StartsWith(Tasks, StringComparison.OrdinalIgnoreCase) is not true)
        {
            return Task.CompletedTask;
        }

        lock (_lock)
        {
            if (_reading.IsCompleted && time.GetUtcNow() >= _nextRead)
            {
                _nextRead = time.GetUtcNow() + RefreshInterval;
                _reading = Task.Run(() => ReadAsync(options.Dns[Tasks.Length..]));
            }

            return _reading;
        }
    }

    /// <summary>Gives replicas their nodes, and adds the nodes without a replica.</summary>
    public IReadOnlyList<Peer> Complete(IReadOnlyList<Peer> peers, PeerIdentity own)
    {
        List<SwarmNode> nodes =
            [.. All.Concat(peers.Where(p => p.Failure is null).SelectMany(p => p.Identity?.DownNodes ?? [])).DistinctBy(n => n.Name)];
        foreach (var peer in peers)
        {
            peer.Node = nodes.Find(n => peer.Identity is { } identity
                ? identity.Engines.Contains(n.Name)
                : n.Addresses.Append(n.Name).Any(a => AuthorityOf(a, peer) == peer.Authority));
        }

        var identified = peers.Where(p => p.Identity is not null).SelectMany(p => p.Names).Concat(own.Engines).ToHashSet();
        // A task has an address in each of its networks, and replicas listen in one of them.
        List<Peer> known = [.. peers.Where(p => p.Identity is not null || p.Node is not { } node || !identified.Contains(node.Name))];
        var named = known.SelectMany(p => p.Names).Concat(own.Engines).ToHashSet();
        return
        [
            .. known.DistinctBy(p => p.Identity is null && p.Node is { } node ? node.Name : p.Authority),
            .. nodes.Where(n => !named.Contains(n.Name)).Select(PeerOf),
        ];
    }

    private Peer PeerOf(SwarmNode node)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(node.Name, out var peer))
            {
                _peers[node.Name] = peer = new Peer(AuthorityOf(node.Addresses.FirstOrDefault(node.Name)));
            }

            peer.Node = node;
            peer.Failure = PeerFailure.Unavailable(
                node.IsReady ? "does not run, and its Swarm node is ready" : "cannot be reached: its Swarm node is down", node.ChangedAt);
            return peer;
        }
    }

    private string AuthorityOf(string host) => AuthorityOf(host, options.ListenEndpoint.Port);

    private static string AuthorityOf(string host, Peer peer) => AuthorityOf(host, new Uri(peer.Address).Port);

    private static string AuthorityOf(string host, int port) =>
        IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port).ToString() : $"{host}:{port}";

    private async Task ReadAsync(string service)
    {
        foreach (var engine in engines.All)
        {
            try
            {
                var nodes = await engine.ListNodesAsync(service, CancellationToken.None);
                _all = nodes.Any(n => n.Name == engine.Name) ? nodes : [];
                return;
            }
            catch (EngineException e) when (e.Code == ErrorCode.FeatureUnsupported)
            {
                _all = [];
                lock (_lock)
                {
                    _nextRead = time.GetUtcNow() + WorkerInterval;
                }
            }
            catch (EngineException)
            {
                // The state of the engine is in every list. A Swarm without a leader has no answer for a while.
            }
        }
    }
}
