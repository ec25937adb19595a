using ContainerApi.Engine;
using ContainerApi.Tls;

namespace ContainerApi.Cluster;

/// <summary>
/// The other replicas. Nothing is called while nobody asks. A replica that fails is known then: it is left out, and tried again beside the
/// requests. Its address is forgotten when it fails and neither the configuration nor the name has it.
/// </summary>
internal sealed partial class PeerDirectory(
    ClusterOptions options, PeerAddresses addresses, SwarmNodes nodes, PeerTransport transport, ConfiguredEngines engines, TimeProvider time,
    ILogger<PeerDirectory> logger)
{
    /// <summary>Together with the timeout less than the 2 s within which a replica that answers again is in the lists.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan RetryTimeout = TimeSpan.FromSeconds(1.2);

    /// <summary>The first connection of a process takes longest.</summary>
    private static readonly TimeSpan WarmUpTimeout = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Peer> _peers = [];

    /// <summary>What was logged of engines with one name.</summary>
    private readonly HashSet<string> _sameNames = [];

    public bool IsEnabled => options.IsEnabled;

    /// <summary>This process, and the names of its engines.</summary>
    public PeerIdentity Own { get; } = new(Guid.NewGuid().ToString("n"), [.. engines.All.Select(e => e.Name)]);

    /// <summary>Returns the other replicas, each once, ordered by name. Waits for those that are new, at most as long as for a list.</summary>
    public async Task<IReadOnlyList<Peer>> FindAsync(CancellationToken cancellationToken)
    {
        _ = nodes.RefreshAsync();
        var known = Update(await addresses.ReadAsync(nodes.Addresses, cancellationToken));
        var identifying = known.Where(p => p.Identity is null && p.Failure is null).Select(p => Identify(p, options.ListTimeout)).ToList();
        foreach (var failed in known.Where(IsDue))
        {
            _ = Identify(failed, RetryTimeout);
        }

        await Task.WhenAll(identifying).WaitAsync(options.ListTimeout, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var silent in known.Where(p => p.Identity is null && p.Failure is null))
        {
            TimedOut(silent);
        }

        var found = known.Where(p => p.Identity?.Process != Own.Process)
            // A replica can have several addresses; the one that answers counts.
            .GroupBy(p => p.Identity?.Process ?? p.Authority).Select(same => same.FirstOrDefault(p => p.Failure is null) ?? same.First());
        return [.. nodes.Complete([.. found], Own).OrderBy(p => p.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>Identifies the replicas that answer, so that the first request does not wait for them. It finds out about the others.</summary>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        await nodes.RefreshAsync().WaitAsync(cancellationToken);
        await Task.WhenAll(Update(await addresses.ReadAsync(nodes.Addresses, cancellationToken)).Select(async peer =>
        {
            using var expired = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            expired.CancelAfter(WarmUpTimeout);
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, peer.Address + "/healthz");
                using var response = await transport.Invoker.SendAsync(request, expired.Token);
                if (PeerIdentity.Of(response) is { } identity)
                {
                    Answered(peer, identity);
                    await ConfirmNameAsync(peer);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                // The replica may start later.
            }
        }));
    }

    /// <summary>Sends a request to a replica. Its failure is known from then on.</summary>
    /// <exception cref="PeerException">The replica does not answer.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<HttpResponseMessage> SendAsync(Peer peer, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            var response = await transport.Invoker.SendAsync(request, cancellationToken);
            if (PeerIdentity.Of(response) is not { } identity)
            {
                response.Dispose();
                throw new IOException("it is not a replica of this service");
            }

            Answered(peer, identity);
            return response;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new PeerException(Failed(peer, e));
        }
    }

    /// <summary>Remembers that a replica did not answer in time.</summary>
    public PeerFailure TimedOut(Peer peer) => Fail(peer, PeerFailure.TimedOut(time.GetUtcNow()));

    /// <summary>Remembers why a call failed.</summary>
    public PeerFailure Failed(Peer peer, Exception failure) =>
        Fail(peer, PeerFailure.Unavailable($"cannot be reached: {ReasonOf(failure)}", time.GetUtcNow()));

    /// <summary>Remembers who answered.</summary>
    public void Answered(Peer peer, PeerIdentity identity)
    {
        var isNew = peer.Identity?.ToString() != identity.ToString();
        peer.Identity = identity;
        if (isNew)
        {
            Log.Identified(logger, peer.ToString(), peer.Authority);
        }

        if (SameNameAs(peer, identity) is { } sameName)
        {
            Fail(peer, sameName);
        }
        else if (peer.Failure is not null)
        {
            peer.Failure = null;
            Log.Reachable(logger, peer.ToString(), peer.Authority);
        }
    }

    /// <summary>Finds another engine with a name of this replica's engines: requests that name it would be answered by one of both.</summary>
    private PeerFailure? SameNameAs(Peer peer, PeerIdentity identity)
    {
        if (identity.Process == Own.Process)
        {
            return null;
        }

        if (identity.Engines.FirstOrDefault(Own.Engines.Contains) is { } own)
        {
            return PeerFailure.SameName(own, "the called replica", time.GetUtcNow());
        }

        return RivalOf(peer, identity) is { } rival
            ? PeerFailure.SameName(identity.Engines.First(rival.Names.Contains), $"the replica at {rival.Authority}", time.GetUtcNow())
            : null;
    }

    /// <summary>Another replica with the name of an engine, as far as is known.</summary>
    private Peer? RivalOf(Peer peer, PeerIdentity identity)
    {
        lock (_lock)
        {
            return _peers.Values.FirstOrDefault(p => p != peer && p.Failure is null && p.Identity is { } known
                && known.Process != identity.Process && known.Engines.Any(identity.Engines.Contains));
        }
    }

    private PeerFailure Fail(Peer peer, PeerFailure failure)
    {
        lock (_lock)
        {
            peer.NextTry = time.GetUtcNow() + RetryInterval;
            if (peer.Failure is null && !failure.IsSameName)
            {
                Log.Unreachable(logger, peer.ToString(), peer.Authority, failure.Error.Message);
            }

            return peer.Failure = failure with { Since = peer.Failure?.Since ?? failure.Since };
        }
    }

    private List<Peer> Update(IReadOnlySet<string> current)
    {
        lock (_lock)
        {
            foreach (var gone in _peers.Values.Where(p => p.Failure is not null && !current.Contains(p.Authority)).ToList())
            {
                _peers.Remove(gone.Authority);
            }

            foreach (var added in current.Where(a => !_peers.ContainsKey(a)))
            {
                _peers[added] = new Peer(added);
            }

            return [.. _peers.Values];
        }
    }

    private bool IsDue(Peer peer)
    {
        lock (_lock)
        {
            return peer.Failure is not null && peer.Identifying.IsCompleted && time.GetUtcNow() >= peer.NextTry;
        }
    }

    /// <summary>Finds out who answers at an address; callers share one call.</summary>
    private Task Identify(Peer peer, TimeSpan timeout)
    {
        lock (_lock)
        {
            return peer.Identifying.IsCompleted ? peer.Identifying = IdentifyAsync(peer, timeout) : peer.Identifying;
        }
    }

    private async Task IdentifyAsync(Peer peer, TimeSpan timeout)
    {
        // The caller holds a lock.
        await Task.Yield();
        using var expired = new CancellationTokenSource(timeout, time);
        try
        {
            // A replica whose engine did not answer in time is ready when the engine answers, or fails at once.
            var path = peer.Failure?.State == EngineStates.Timeout && peer.Identity is not null ? "/readyz" : "/healthz";
            using var request = new HttpRequestMessage(HttpMethod.Get, peer.Address + path);
            using var response = await SendAsync(peer, request, expired.Token);
            await ConfirmNameAsync(peer);
        }
        catch (OperationCanceledException)
        {
            TimedOut(peer);
        }
        catch (PeerException)
        {
            // It is remembered.
        }
    }

    /// <summary>A replica that moved has left its old address, which nobody has asked since. Logs two engines with one name once.</summary>
    private async Task ConfirmNameAsync(Peer peer)
    {
        if (peer is { Failure.IsSameName: true, Identity: { } identity } && RivalOf(peer, identity) is { } rival)
        {
            await Identify(rival, RetryTimeout);
            Answered(peer, identity);
        }

        lock (_lock)
        {
            if (peer.Failure is { IsSameName: true } failure && _sameNames.Add(failure.Error.Message))
            {
                Log.Unreachable(logger, peer.ToString(), peer.Authority, failure.Error.Message);
            }
        }
    }

    private static string ReasonOf(Exception failure) => TlsClient.ReasonOf(failure)
        ?? (failure.GetBaseException() is System.Net.Sockets.SocketException socket ? socket.Message : failure.GetBaseException().Message);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "The replica of {Engines} answers at {Address}")]
        public static partial void Identified(ILogger logger, string engines, string address);

        [LoggerMessage(2, LogLevel.Warning, "The replica of {Engines} at {Address} failed: {Reason}")]
        public static partial void Unreachable(ILogger logger, string engines, string address, string reason);

        [LoggerMessage(3, LogLevel.Information, "The replica of {Engines} at {Address} answers again")]
        public static partial void Reachable(ILogger logger, string engines, string address);
    }
}

/// <summary>A replica does not answer.</summary>
internal sealed class PeerException(PeerFailure failure) : Exception(failure.Error.Message)
{
    public PeerFailure Failure => failure;
}
