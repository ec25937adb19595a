using System.Security.Cryptography;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Engine;
using Microsoft.Extensions.Primitives;

namespace ContainerApi.Cluster;

/// <summary>What another replica answered to a read: a value, a problem, or nothing.</summary>
internal sealed record PeerAnswer<T>(Peer Peer, T? Value, PeerProblem? Problem, PeerFailure? Failure);

/// <summary>A problem of another replica.</summary>
/// <param name="Matches">The candidates of an ambiguous reference.</param>
internal sealed record PeerProblem(string Code, string Detail, IReadOnlyList<OwnedThing>? Matches)
{
    public bool IsNotFound =>
        Code == ErrorCode.ContainerNotFound.Code || Code == ErrorCode.ImageNotFound.Code || Code == ErrorCode.BuildNotFound.Code;

    public static readonly PeerProblem InvalidResponse =
        new(ErrorCode.EngineError.Code, "The replica of this engine returned an invalid response.", null);

    public string State => Code == ErrorCode.EngineUnavailable.Code ? EngineStates.Unavailable
        : Code == ErrorCode.EngineTimeout.Code ? EngineStates.Timeout
        : EngineStates.Error;
}

/// <summary>The headers of a caller's request that another replica needs: credentials, and how old an answer may be.</summary>
internal sealed record CallerHeaders(IReadOnlyList<KeyValuePair<string, StringValues>> Values, string? Address)
{
    private static readonly IReadOnlyList<string> Names = ["Authorization", ApiHeaders.ApiKey, ApiHeaders.RegistryAuth, "Cache-Control"];

    public static CallerHeaders Of(HttpRequest request) => new(
        [.. Names.Where(request.Headers.ContainsKey).Select(n => KeyValuePair.Create(n, request.Headers[n]))],
        request.HttpContext.Connection.RemoteIpAddress?.ToString());

    /// <summary>Equal for callers with the same headers. Credentials are not kept.</summary>
    public string Key { get; } = Convert.ToHexString(SHA256.HashData(
        JsonSerializer.SerializeToUtf8Bytes(Values.Select(v => (string?[])[v.Key, .. v.Value.ToArray()]))));

    public HttpRequestMessage ToRequest(Uri address)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept", MediaTypes.Json);
        request.Headers.TryAddWithoutValidation(ApiHeaders.ClientAddress, Address);
        foreach (var (name, values) in Values)
        {
            request.Headers.TryAddWithoutValidation(name, values.ToArray());
        }

        return request;
    }
}

/// <summary>Reads JSON from other replicas, in parallel.</summary>
internal sealed class PeerCalls(PeerDirectory peers, ClusterOptions options, EngineAnswerLimit limit)
{
    /// <summary>A replica of a later version may have further fields.</summary>
    private static readonly JsonSerializerOptions Reading = new(WireJson.Options)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Skip,
    };

    /// <summary>Asks replicas. One that does not answer costs <c>Cluster:ListTimeout</c> beyond the end of <paramref name="own"/>.</summary>
    /// <param name="pathOf">Returns the path and query of the call to a replica.</param>
    /// <param name="own">The part of this replica, which runs meanwhile.</param>
    public async Task<PeerAnswer<T>[]> AskAsync<T>(
        IEnumerable<Peer> asked, Func<Peer, string> pathOf, CallerHeaders headers, Task own, CancellationToken cancellationToken)
        where T : class
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asking = asked.Select(peer => peer.Failure is { } known
            ? Task.FromResult(new PeerAnswer<T>(peer, null, null, known))
            : AskAsync<T>(peer, pathOf(peer), headers, late.Token, cancellationToken)).ToList();
        await own.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        late.CancelAfter(options.ListTimeout);
        return await Task.WhenAll(asking);
    }

    private async Task<PeerAnswer<T>> AskAsync<T>(
        Peer peer, string path, CallerHeaders headers, CancellationToken late, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            using var request = headers.ToRequest(new Uri(peer.Address + path));
            using var response = await peers.SendAsync(peer, request, late);
            await response.Content.LoadIntoBufferAsync(limit.Bytes, late);
            var body = await response.Content.ReadAsByteArrayAsync(late);
            return response.IsSuccessStatusCode
                ? new(peer, JsonSerializer.Deserialize<T>(body, Reading), null, null)
                : new(peer, null, JsonSerializer.Deserialize<PeerProblem>(body, Reading), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(peer, null, null, peers.TimedOut(peer));
        }
        catch (PeerException e)
        {
            return new(peer, null, null, e.Failure);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new(peer, null, null, peers.Failed(peer, e));
        }
        catch (JsonException)
        {
            return new(peer, null, PeerProblem.InvalidResponse, null);
        }
    }
}
