using System.Net;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace ContainerApi.Cluster;

/// <summary>
/// Forwards a request about one thing to the replica that owns its engine: (1) requests of other replicas, of lists and with <c>local=true</c>
/// stay here; (2) the named engine decides; (3) else a lookup of the thing at all replicas; (4) a change must name its engine, as with
/// several engines of one replica. What no other replica owns stays here, too.
/// </summary>
internal sealed class Forwarding(
    PeerDirectory peers, PeerCalls calls, PeerTransport transport, ShortestQueue queues, IHttpForwarder forwarder, ConfiguredEngines configured,
    StreamTimeout timeout)
{
    private const string EngineParameter = "engine";

    private readonly ForwarderRequestConfig _config = new()
    {
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        // Requests have a timeout of their own, and streams have heartbeats.
        ActivityTimeout = timeout.After,
    };

    public async Task RunAsync(HttpContext http, RequestDelegate next)
    {
        if (await FindOwnerAsync(http) is var (owner, engine))
        {
            await ForwardAsync(http, owner, engine);
        }
        else
        {
            await next(http);
        }
    }

    private async Task<(Peer Owner, string Engine)?> FindOwnerAsync(HttpContext http)
    {
        if (http.GetEndpoint() is not RouteEndpoint endpoint || endpoint.Metadata.GetMetadata<RequiredScope>()?.Scope is not { } scope
            || PeerConnection.Has(http) || bool.TryParse(http.Request.Query["local"], out var local) && local
            // The archive of images is not a list.
            || (endpoint.Metadata.GetMetadata<MergedList>() is not null && !http.IsLong()))
        {
            return null;
        }

        var takesEngine = endpoint.Metadata.OfType<RequestMetadata>().Any(m => m.Definition.Parameters.Any(p => p.Name == EngineParameter));
        if (!takesEngine)
        {
            return null;
        }

        if (await RequestedEngineAsync(http, endpoint) is { Length: > 0 } named)
        {
            return configured.All.Any(e => e.Name == named) ? null
                : named == EngineName.Any && endpoint.Metadata.GetMetadata<AnyEngine>() is not null ? await queues.FindAsync(http)
                : (await peers.FindAsync(http.RequestAborted)).FirstOrDefault(p => p.Names.Contains(named)) is { } owner ? (owner, named)
                : null;
        }

        if (endpoint.Metadata.GetMetadata<OwnerLookup>() is { } lookup)
        {
            return await LookUpAsync(http, lookup);
        }

        if (Scopes.Changes(scope))
        {
            await RequireEngineAsync(http);
        }

        return null;
    }

    /// <summary>The engine in the path, the query or the JSON body; null without one, and for a list of engines.</summary>
    private static async Task<string?> RequestedEngineAsync(HttpContext http, RouteEndpoint endpoint)
    {
        var named = RequestReader.RouteText(http, EngineParameter) ?? http.Request.Query[EngineParameter].ToString();
        if (named.Length > 0 || !http.Request.HasJsonContentType() || !endpoint.Metadata.OfType<RequestMetadata>().Any(m => m.IsBody))
        {
            return named;
        }

        // A document in memory, as the endpoint reads it, too.
        var limit = http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? RequestBodies.MaxDrainedBytes;
        var body = await RequestBodies.ReadAsync(http, limit, new BadHttpRequestException("Too large.", StatusCodes.Status413PayloadTooLarge));
        http.Request.Body = body;
        try
        {
            using var document = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length));
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.EnumerateObject().FirstOrDefault(p => p.Name.Equals(EngineParameter, StringComparison.OrdinalIgnoreCase)).Value
                    is { ValueKind: JsonValueKind.String } value
                ? value.GetString()
                : null;
        }
        catch (JsonException)
        {
            // The endpoint reports it.
            return null;
        }
    }

    /// <exception cref="ApiException">Several engines match (409 with the candidates in <c>matches</c>).</exception>
    /// <exception cref="EngineException">No engine matches, and a replica does not answer.</exception>
    private async Task<(Peer Owner, string Engine)?> LookUpAsync(HttpContext http, OwnerLookup lookup)
    {
        var caller = http.RequestServices.GetRequiredService<Caller>();
        var others = (await peers.FindAsync(http.RequestAborted)).Where(p => p.Names.Any(caller.Visibility.IncludesEngine)).ToList();
        if (others.Count == 0 || lookup.PathOf(http) is not { } path)
        {
            return null;
        }

        var finding = lookup.FindOwnAsync(http, http.RequestAborted);
        if (lookup.IsUnique && (await finding).Count > 0)
        {
            return null;
        }

        var answers = await calls.AskAsync<OwnedThing>(others, _ => path, CallerHeaders.Of(http.Request), finding, http.RequestAborted);
        var own = await finding;
        var found = answers.SelectMany(a => (a.Value is { } one ? [one] : a.Problem?.Matches ?? []).Select(thing => (a.Peer, Thing: thing))).ToList();
        if (own.Count + found.Count > 1)
        {
            throw Ambiguous([.. own, .. found.Select(f => f.Thing)]);
        }

        if (found is [var (owner, match)])
        {
            return (owner, match.Engine);
        }

        var silent = answers.FirstOrDefault(a => a.Failure is not null || a.Problem is { IsNotFound: false });
        return own.Count > 0 || silent is null ? null : throw new EngineException(
            silent.Failure is null ? ErrorCode.Find(silent.Problem!.Code) ?? ErrorCode.EngineError : ErrorCode.EngineUnavailable,
            silent.Peer.ToString(),
            silent.Failure?.Error.Message ?? silent.Problem!.Detail);
    }

    private static ApiException Ambiguous(IReadOnlyList<OwnedThing> things)
    {
        var text = string.Join(", ", things.Select(t => $"{t.Name ?? t.Id} on {t.Engine}"));
        return new ApiException(ErrorCode.AmbiguousReference, $"The reference is ambiguous. It matches {text}. Name one engine with engine.")
        {
            Extensions = new Dictionary<string, object?> { ["matches"] = things },
        };
    }

    /// <exception cref="ApiException">There are several engines, none is named, and there is no default.</exception>
    private async Task RequireEngineAsync(HttpContext http)
    {
        var directory = http.RequestServices.GetRequiredService<EngineDirectory>();
        if (directory.DefaultEngine is not null)
        {
            return;
        }

        var others = await peers.FindAsync(http.RequestAborted);
        var caller = http.RequestServices.GetRequiredService<Caller>();
        var visible = others.SelectMany(p => p.Names).Where(caller.Visibility.IncludesEngine).ToList();
        if (visible.Count > 0)
        {
            throw EngineDirectory.EngineRequired(directory.All.Select(e => e.Name).Concat(visible));
        }
    }

    private async Task ForwardAsync(HttpContext http, Peer owner, string engine)
    {
        http.SetOutcome($"forwarded to {owner.Authority}");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // The owner has the limit of the path.
            limit.MaxRequestBodySize = null;
        }

        var error = await forwarder.SendAsync(http, owner.Address, transport.Invoker, _config, new Transformer(peers, owner, engine));
        http.RequestAborted.ThrowIfCancellationRequested();
        if (error != ForwarderError.None && error != ForwarderError.RequestBodyClient && !http.Response.HasStarted)
        {
            var exception = http.GetForwarderErrorFeature()?.Exception ?? new IOException(error.ToString());
            throw new EngineException(ErrorCode.EngineUnavailable, engine, peers.Failed(owner, exception).Error.Message, exception);
        }

        if (error != ForwarderError.None)
        {
            http.SetOutcome($"forwarded to {owner.Authority}: {error}");
        }
    }

    /// <summary>Copies all headers, with the client's host: the owner's answer has the same links.</summary>
    private sealed class Transformer(PeerDirectory peers, Peer owner, string engine) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.Headers.Remove(ApiHeaders.ClientAddress);
            proxyRequest.Headers.TryAddWithoutValidation(ApiHeaders.ClientAddress, httpContext.Connection.RemoteIpAddress?.ToString());
        }

        public override async ValueTask<bool> TransformResponseAsync(
            HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            if (proxyResponse is not null)
            {
                if (PeerIdentity.Of(proxyResponse) is not { } identity)
                {
                    throw new IOException("it is not a replica of this service");
                }

                peers.Answered(owner, identity);
                proxyResponse.Headers.Remove(ApiHeaders.Replica);
                proxyResponse.Headers.Remove(ApiHeaders.DownNodes);
                proxyResponse.Headers.Remove(ApiHeaders.Builds);
            }

            var copiesBody = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
            if (httpContext.Response.Headers.Location is [['/', ..] location] && !location.Contains('?', StringComparison.Ordinal))
            {
                // The owner has one engine and does not name it; here there are several.
                httpContext.Response.Headers.Location = $"{location}?engine={Uri.EscapeDataString(engine)}";
            }

            return copiesBody;
        }
    }
}
