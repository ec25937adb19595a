using System.Security.Cryptography;
using ContainerApi.Access;
using ContainerApi.Engine;

namespace ContainerApi.Cluster;

/// <summary>Returns the number of builds that run and wait on an engine of this replica.</summary>
internal delegate int BuildsOn(string engine);

/// <summary>Metadata of an endpoint whose request may leave the choice of its engine to the service: <c>engine=any</c>.</summary>
internal sealed record AnyEngine
{
    public static readonly AnyEngine Metadata = new();
}

/// <summary>
/// Finds the replica for a build on any engine: the one with the fewest builds. Replicas whose engines do not answer are left out. With an
/// <c>Idempotency-Key</c> the key decides, so that a request that is sent again finds its build.
/// </summary>
internal sealed class ShortestQueue(PeerDirectory peers, ClusterOptions options, BuildsOn builds)
{
    /// <returns>Null for this replica.</returns>
    public async Task<(Peer Owner, string Engine)?> FindAsync(HttpContext http)
    {
        var caller = http.RequestServices.GetRequiredService<Caller>();
        var own = http.RequestServices.GetRequiredService<EngineDirectory>().All;
        var others = (await peers.FindAsync(http.RequestAborted)).Where(p => p.Failure is null && p.Names.Any(caller.Visibility.IncludesEngine));
        using var late = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        late.CancelAfter(options.ListTimeout);
        var answers = await Task.WhenAll([.. own.Select(e => AskAsync(e, late.Token)), .. others.Select(p => AskAsync(p, caller, late.Token))]);
        http.RequestAborted.ThrowIfCancellationRequested();
        var key = http.Request.Headers[ApiHeaders.IdempotencyKey].ToString();
        var chosen = answers.OfType<Candidate>().MinBy(c => key.Length > 0 ? HashOf(key + '\n' + c.Engine) : (ulong)c.Builds);
        return chosen?.Owner is { } owner ? (owner, chosen.Engine) : null;
    }

    private async Task<Candidate?> AskAsync(IEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            await engine.PingAsync(cancellationToken).WaitAsync(cancellationToken);
            return new Candidate(null, engine.Name, builds(engine.Name));
        }
        catch (Exception e) when (e is EngineException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<Candidate?> AskAsync(Peer peer, Caller caller, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, peer.Address + "/readyz");
            using var response = await peers.SendAsync(peer, request, cancellationToken);
            return response.IsSuccessStatusCode && response.Headers.TryGetValues(ApiHeaders.Builds, out var counts)
                ? peer.Names.Zip(string.Join(' ', counts).Split(' '))
                    .Where(e => caller.Visibility.IncludesEngine(e.First))
                    .Select(e => int.TryParse(e.Second, CultureInfo.InvariantCulture, out var count) ? new Candidate(peer, e.First, count) : null)
                    .OfType<Candidate>().MinBy(c => c.Builds)
                : null;
        }
        catch (Exception e) when (e is PeerException or OperationCanceledException)
        {
            return null;
        }
    }

    private static ulong HashOf(string text) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <param name="Owner">Null for this replica.</param>
    private sealed record Candidate(Peer? Owner, string Engine, int Builds);
}
