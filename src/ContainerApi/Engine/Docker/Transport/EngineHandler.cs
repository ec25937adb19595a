using System.Net;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>
/// Handles every request to one engine. It (1) negotiates the API version once and adds it to the path, (2) negotiates again when
/// the engine was replaced, (3) translates error answers and lost connections to <see cref="EngineException"/>, and (4) bounds answers.
/// </summary>
internal sealed class EngineHandler(string engine, HttpMessageHandler transport, long maxAnswerBytes) : DelegatingHandler(transport)
{
    /// <summary>The maximum size of the answer to a request; <see cref="Unbounded"/> for a stream of messages.</summary>
    public static readonly HttpRequestOptionsKey<long> MaxAnswerBytes = new(nameof(MaxAnswerBytes));

    public const long Unbounded = long.MaxValue;

    /// <summary>How much larger than its maximum a list may be with its longest labels.</summary>
    private const int RawBytesPerByte = 16;

    private readonly SemaphoreSlim _negotiating = new(1, 1);
    private volatile EngineCapabilities? _capabilities;
    private int _connectionGeneration;

    /// <summary>What the engine can do; null while no version is negotiated.</summary>
    public EngineCapabilities? Capabilities => _capabilities;

    /// <summary>Changes whenever another engine may answer: after a lost connection, or a refused API version.</summary>
    public int ConnectionGeneration => Volatile.Read(ref _connectionGeneration);

    /// <summary>Forgets the version, so that the next call negotiates.</summary>
    private void Forget()
    {
        _capabilities = null;
        Interlocked.Increment(ref _connectionGeneration);
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
            call.End(e is EngineException failure ? JsonNamingPolicy.SnakeCaseLower.ConvertName(failure.Code.ToString()) : "cancelled");
            throw;
        }
    }

    private async Task<HttpResponseMessage> SendVersionedAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!;
        for (var mayRetry = request.Content is null; ; mayRetry = false)
        {
            request.RequestUri = Versioned(path, await ConnectAsync(cancellationToken));
            var response = await SendToEngineAsync(request, cancellationToken);
            if ((int)response.StatusCode < 400)
            {
                var max = request.Options.TryGetValue(MaxAnswerBytes, out var given) ? given : maxAnswerBytes;
                return max == Unbounded ? response : await BoundAsync(response, max, IsList(path), cancellationToken);
            }

            var body = await ReadErrorAsync(response, cancellationToken);
            if (EngineErrors.IsVersionMismatch(response.StatusCode, body))
            {
                Forget();
                if (mayRetry)
                {
                    continue;
                }
            }

            throw EngineErrors.FromResponse(engine, path.AbsolutePath, response.StatusCode, body);
        }
    }

    private async Task<HttpResponseMessage> BoundAsync(
        HttpResponseMessage response, long max, bool isList, CancellationToken cancellationToken)
    {
        var type = response.Content.Headers.ContentType;
        var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        // What is left out takes time, too.
        body = isList ? new LabelLimitStream(new BoundedStream(body, engine, max * RawBytesPerByte)) : body;
        response.Content = new StreamContent(new BoundedStream(body, engine, max));
        response.Content.Headers.ContentType = type;
        return response;
    }

    private static bool IsList(Uri path) => path.AbsolutePath is "/containers/json" or "/images/json";

    /// <summary>Negotiates with <c>/_ping</c>, which has no version in its path and answers in under a millisecond.</summary>
    public async Task<EngineCapabilities> PingAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(EngineTransport.BaseAddress, "/_ping"));
        using var response = await SendToEngineAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw EngineErrors.FromResponse(engine, "/_ping", response.StatusCode, await ReadErrorAsync(response, cancellationToken));
        }

        // The builder in the header is the engine's preference and not its only one: 20.10 names the classic builder.
        var capabilities = new EngineCapabilities(
            Choose(response.Headers.TryGetValues("Api-Version", out var values) ? values.FirstOrDefault() : null),
            isPodman: response.Headers.Contains("Libpod-API-Version"),
            isWindows: response.Headers.TryGetValues("OSType", out var types) && types.Contains("windows", StringComparer.OrdinalIgnoreCase));
        _capabilities = capabilities;
        return capabilities;
    }

    /// <summary>Returns what the engine can do; asks it once for all that wait.</summary>
    public async ValueTask<EngineCapabilities> ConnectAsync(CancellationToken cancellationToken)
    {
        if (_capabilities is { } known)
        {
            return known;
        }

        await _negotiating.WaitAsync(cancellationToken);
        try
        {
            return _capabilities ?? await PingAsync(cancellationToken);
        }
        finally
        {
            _negotiating.Release();
        }
    }

    /// <summary>Returns the newest version that both sides know.</summary>
    private string Choose(string? offered)
    {
        if (!System.Version.TryParse(offered, out var engineVersion))
        {
            throw new EngineException(ErrorCode.EngineError, engine, "The endpoint is not a Docker Engine: it returned no API version.");
        }

        if (engineVersion < EngineCapabilities.Oldest)
        {
            throw new EngineException(
                ErrorCode.FeatureUnsupported, engine,
                $"The engine has API {engineVersion}; this service needs {EngineCapabilities.Oldest} or later.");
        }

        return (engineVersion < EngineCapabilities.Newest ? engineVersion : EngineCapabilities.Newest).ToString();
    }

    private Task<HttpResponseMessage> SendToEngineAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        ConnectedAsync(() => base.SendAsync(request, cancellationToken));

    private async Task<string> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using (response)
        {
            return await ConnectedAsync(() => EngineErrors.ReadBodyAsync(response.Content, cancellationToken));
        }
    }

    /// <summary>Translates a lost connection, after which another engine may answer.</summary>
    private async Task<T> ConnectedAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Forget();
            throw EngineErrors.FromTransport(engine, e);
        }
    }

    private static Uri Versioned(Uri unversioned, EngineCapabilities engine) =>
        new(EngineTransport.BaseAddress, $"/v{engine.ApiVersion}{unversioned.PathAndQuery}");
}
