using System.Runtime.CompilerServices;
using System.Security.Cryptography;
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

    public HttpRequestMessage ToRequest(Uri address, string accept = MediaTypes.Json)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept", accept);
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
    /// <summary>Three heartbeats.</summary>
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(45);

    /// <summary>A replica of a later version may have further fields.</summary>
    public static readonly JsonSerializerOptions Reading = new(WireJson.Options)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Skip,
    };

    public TimeSpan ListTimeout => options.ListTimeout;

    /// <summary>Reads a stream of another replica, as NDJSON. It has heartbeats.</summary>
    /// <exception cref="PeerException">The replica refuses the stream, or the connection failed.</exception>
    public async IAsyncEnumerable<T> StreamAsync<T>(
        Peer peer, string path, CallerHeaders headers, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        await foreach (var line in LinesAsync(peer, path, headers, own: null, cancellationToken))
        {
            if (Read<T>(Encoding.UTF8.GetBytes(line)) is { } item)
            {
                yield return item;
            }
        }
    }

    /// <summary>Reads the lines of a stream of another replica.</summary>
    /// <param name="own">The part of this replica; one that does not begin its answer costs <c>Cluster:ListTimeout</c> beyond it. Null for
    /// a stream that nothing waits for.</param>
    /// <exception cref="PeerException">The replica refuses the stream, or the connection failed.</exception>
    public async IAsyncEnumerable<string> LinesAsync(
        Peer peer, string path, CallerHeaders headers, Task? own, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = headers.ToRequest(new Uri(peer.Address + path), MediaTypes.Ndjson);
        using var response = await GuardAsync(peer, token => BeginAsync(peer, request, own, token), cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            var body = await GuardAsync(peer, response.Content.ReadAsByteArrayAsync, cancellationToken);
            var problem = Read<PeerProblem>(body) ?? PeerProblem.InvalidResponse;
            throw new PeerException(new PeerFailure(problem.State, new ErrorInfo(problem.Code, problem.Detail), DateTimeOffset.UtcNow));
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await GuardAsync(peer, async token => await reader.ReadLineAsync(token), cancellationToken) is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Asks replicas for JSON, or for text as <c>string</c>. One that does not answer costs <c>Cluster:ListTimeout</c> beyond the end of
    /// <paramref name="own"/>.</summary>
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
        var answers = await Task.WhenAll(asking);
        // An own address is recognised by the first answer from it, which may arrive meanwhile.
        return [.. answers.Where(a => a.Peer.Identity?.Process != peers.Own.Process)];
    }

    private async Task<HttpResponseMessage> BeginAsync(Peer peer, HttpRequestMessage request, Task? own, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = peers.SendAsync(peer, request, late.Token);
        if (own is not null)
        {
            await Task.WhenAny(sending, own);
            late.CancelAfter(options.ListTimeout);
        }

        return await sending;
    }

    /// <summary>Waits for a step of a stream. A failed connection and one that is silent for longer than heartbeats are a failure.</summary>
    private async Task<T> GuardAsync<T>(Peer peer, Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(MaxSilence);
        try
        {
            return await step(late.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PeerException(peers.TimedOut(peer));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new PeerException(peers.Failed(peer, e));
        }
    }

    /// <summary>Null for an invalid text, and for an event of a later version.</summary>
    private static T? Read<T>(byte[] json)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Reading);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<PeerAnswer<T>> AskAsync<T>(
        Peer peer, string path, CallerHeaders headers, CancellationToken late, CancellationToken cancellationToken)
        where T : class
    {
        var isText = typeof(T) == typeof(string);
        try
        {
            using var request = headers.ToRequest(new Uri(peer.Address + path), isText ? MediaTypes.Text : MediaTypes.Json);
            using var response = await peers.SendAsync(peer, request, late);
            await response.Content.LoadIntoBufferAsync(limit.Bytes, late);
            var body = await response.Content.ReadAsByteArrayAsync(late);
            return response.IsSuccessStatusCode
                ? new(peer, isText ? (T)(object)Encoding.UTF8.GetString(body) : JsonSerializer.Deserialize<T>(body, Reading), null, null)
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
