using System.Globalization;
using System.Net;
using System.Text.Json;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>
/// Every request to one engine passes here, the typed library's as well as our own. It (1) negotiates the API version once
/// and puts it in the path, (2) negotiates again when the engine came back as another one, and (3) turns refusals and
/// broken connections into <see cref="EngineException"/>.
/// </summary>
internal sealed class EngineHandler(string engine, HttpMessageHandler transport) : DelegatingHandler(transport)
{
    /// <summary>The newest Engine API that this service knows (that of Docker.DotNet.Enhanced 4.3).</summary>
    private static readonly Version Newest = new(1, 54);

    /// <summary>The oldest Engine API that this service is tested with (engine 20.10).</summary>
    private static readonly Version Oldest = new(1, 41);

    private readonly SemaphoreSlim _negotiating = new(1, 1);
    private volatile string? _version;

    private int _meetings;

    /// <summary>The API version in use, or null while none is negotiated.</summary>
    public string? Version => _version;

    /// <summary>Why the engine has no BuildKit; null where it has, or while no version is negotiated.</summary>
    public string? BuildKitUnavailableReason { get; private set; }

    /// <summary>Whether the engine is Podman's service; false while no version is negotiated.</summary>
    public bool IsPodman { get; private set; }

    /// <summary>Changes whenever the engine may have become another one: it was away, or refused the version that was negotiated.</summary>
    public int Meetings => Volatile.Read(ref _meetings);

    /// <summary>Forgets the version, so that the next call negotiates: the engine was away and may be another one now.</summary>
    private void Forget()
    {
        _version = null;
        Interlocked.Increment(ref _meetings);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = EngineTelemetry.Begin(engine, request.Method, request.RequestUri!.AbsolutePath);
        try
        {
            var response = await SendVersionedAsync(request, cancellationToken);
            call.End("ok");
            return response;
        }
        catch (Exception e)
        {
            call.End(e is EngineException failure ? JsonNamingPolicy.SnakeCaseLower.ConvertName(failure.Kind.ToString()) : "cancelled");
            throw;
        }
    }

    private async Task<HttpResponseMessage> SendVersionedAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!;
        var version = await NegotiateAsync(cancellationToken);
        request.RequestUri = Versioned(path, version);
        var response = await SendToEngineAsync(request, cancellationToken);
        if ((int)response.StatusCode < 400)
        {
            return response;
        }

        var body = await ReadErrorAsync(response, cancellationToken);
        if (EngineErrors.IsVersionMismatch(response.StatusCode, body))
        {
            Forget();
            if (request.Content is null)
            {
                request.RequestUri = Versioned(path, await NegotiateAsync(cancellationToken));
                response = await SendToEngineAsync(request, cancellationToken);
                if ((int)response.StatusCode < 400)
                {
                    return response;
                }

                body = await ReadErrorAsync(response, cancellationToken);
            }
        }

        throw EngineErrors.FromResponse(engine, path.AbsolutePath, response.StatusCode, body);
    }

    /// <summary>Asks <c>/_ping</c>, which needs no version and answers in under a millisecond, and remembers what to speak.</summary>
    public async Task<string> PingAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(EngineTransport.BaseAddress, "/_ping"));
        using var response = await SendToEngineAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var body = await ReadErrorAsync(response, cancellationToken);
            throw EngineErrors.FromResponse(engine, "/_ping", response.StatusCode, body);
        }

        IsPodman = response.Headers.Contains("Libpod-API-Version");
        // The builder that engines name here is their preference and not all that they have: 20.10 names the classic one.
        BuildKitUnavailableReason = response.Headers.TryGetValues("OSType", out var types) && types.Contains("windows", StringComparer.OrdinalIgnoreCase) ? "The engine runs Windows, which has no BuildKit."
            : IsPodman ? "The engine is Podman, which has no BuildKit."
            : null;
        _version = Choose(response.Headers.TryGetValues("Api-Version", out var values) ? values.FirstOrDefault() : null);
        return _version;
    }

    /// <summary>The version in use; the engine is asked where none is, once for all who wait.</summary>
    public async ValueTask<string> NegotiateAsync(CancellationToken cancellationToken)
    {
        if (_version is { } known)
        {
            return known;
        }

        await _negotiating.WaitAsync(cancellationToken);
        try
        {
            return _version ?? await PingAsync(cancellationToken);
        }
        finally
        {
            _negotiating.Release();
        }
    }

    /// <summary>The newest version that both sides know.</summary>
    private string Choose(string? offered)
    {
        if (!System.Version.TryParse(offered, out var engineVersion))
        {
            throw new EngineException(EngineErrorKind.Failed, engine, "What answers there is not a Docker Engine: it names no API version.");
        }

        if (engineVersion < Oldest)
        {
            throw new EngineException(EngineErrorKind.Unsupported, engine,
                string.Create(CultureInfo.InvariantCulture, $"The engine speaks API {engineVersion}; {Oldest} is the oldest that this service speaks."));
        }

        return (engineVersion < Newest ? engineVersion : Newest).ToString();
    }

    private async Task<HttpResponseMessage> SendToEngineAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            Forget();
            throw EngineErrors.FromTransport(engine, e);
        }
    }

    private async Task<string> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using (response)
        {
            try
            {
                return await EngineErrors.ReadBodyAsync(response.Content, cancellationToken);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                Forget();
                throw EngineErrors.FromTransport(engine, e);
            }
        }
    }

    private static Uri Versioned(Uri unversioned, string version) => new(EngineTransport.BaseAddress, $"/v{version}{unversioned.PathAndQuery}");
}
