using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Transport;
using ContainerApi.Engine.Host;
using Docker.DotNet;
using Docker.DotNet.Handler.Abstractions;
using Microsoft.Extensions.Logging.Abstractions;


namespace ContainerApi.Engine.Docker;

/// <summary>
/// One Docker Engine over its HTTP API: small calls through the typed library, hot and streamed ones by hand, both over
/// the same connections.
/// </summary>
internal sealed partial class DockerEngine : IEngine, IDisposable
{
    private readonly EngineHandler _handler;
    private readonly HttpClient _http;
    private readonly DockerClient _docker;
    private readonly TimeSpan _callTimeout;
    private readonly TimeProvider _time;
    private readonly HostSource? _host;
    private readonly SessionServer? _sessions;

    /// <param name="host">The engine's own host as this service sees it; without one the engine is asked for all.</param>
    /// <param name="sessions">Answers what BuildKit asks while it builds; without it such builds have neither secrets nor private bases.</param>
    /// <param name="logger">Is told of certificates that could not be read again.</param>
    public DockerEngine(
        EngineOptions options, TimeProvider time, HostSource? host = null, SessionServer? sessions = null, ILogger<DockerEngine>? logger = null)
    {
        var endpoint = EngineEndpoint.TryParse(options.Endpoint, out var parsed, tls: options.Tls is not null)
            ? parsed
            : throw new ArgumentException("The endpoint is validated before it comes here.", nameof(options));
        Name = options.Name;
        Endpoint = endpoint.ToString();
        _time = time;
        _host = host;
        _sessions = sessions;
        _callTimeout = options.CallTimeout;
        var tls = options.Tls is null ? null : new EngineTls(endpoint.Host, new EngineCertificates(options.Name, options.Tls, logger ?? NullLogger<DockerEngine>.Instance));
        _handler = new EngineHandler(options.Name, EngineTransport.CreateHandler(endpoint, options.CallTimeout, tls));
        // Deadlines are ours, call by call: a stream may last for hours, a list may not.
        _http = new HttpClient(_handler, disposeHandler: false) { BaseAddress = EngineTransport.BaseAddress, Timeout = Timeout.InfiniteTimeSpan };
        _docker = new DockerClientBuilder()
            .WithEndpoint(EngineTransport.BaseAddress)
            .WithTimeout(Timeout.InfiniteTimeSpan)
            .WithTransportOptions(ExistingHandlerFactory.Instance, _handler)
            .Build();
    }

    public string Name { get; }

    public string Endpoint { get; }

    public EngineCapabilities? Capabilities => _handler.Capabilities;

    public Task<EngineCapabilities> PingAsync(CancellationToken cancellationToken) =>
        WithinAsync(_callTimeout, _handler.PingAsync, cancellationToken);

    public Task<EngineInfo> DescribeAsync(CancellationToken cancellationToken) => WithinAsync(_callTimeout, async token =>
    {
        var version = _docker.System.GetVersionAsync(token);
        var info = _docker.System.GetSystemInfoAsync(token);
        // Awaits both: if the engine is unreachable, both fail.
        await Task.WhenAll(version, info);
        return DockerTranslation.ToInfo(await version, await info, (await _handler.ConnectAsync(token)).ApiVersion);
    }, cancellationToken);

    public void Dispose()
    {
        _docker.Dispose();
        _http.Dispose();
        _handler.Dispose();
        _host?.Dispose();
    }

    /// <summary>
    /// Runs one call under a deadline and makes every way it can fail an <see cref="EngineException"/>; a cancellation by
    /// the caller stays one.
    /// </summary>
    private async Task<T> WithinAsync<T>(TimeSpan deadline, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(deadline);
        try
        {
            return await call(limited.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(deadline, e);
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    private Task WithinAsync(TimeSpan deadline, Func<CancellationToken, Task> call, CancellationToken cancellationToken) =>
        WithinAsync(deadline, async token =>
        {
            await call(token);
            return true;
        }, cancellationToken);

    /// <summary>What a failure is in our words, or null where it is ours already or not the engine's.</summary>
    private EngineException? Translate(Exception exception) => exception switch
    {
        HttpRequestException or IOException => EngineErrors.FromTransport(Name, exception),
        JsonException or NotSupportedException => EngineErrors.InvalidResponse(Name, exception),
        _ => null,
    };

    /// <summary>A small answer, read whole.</summary>
    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await JsonSerializer.DeserializeAsync(body, type, cancellationToken)
            ?? throw new JsonException("The engine answered null.");
    }

    /// <summary>
    /// Sends a request and yields the JSON values of its answer as they come. The first step throws what the engine
    /// refuses; there is no deadline on the whole, the caller's token is the only one.
    /// </summary>
    private async IAsyncEnumerable<T> StreamAsync<T>(
        HttpRequestMessage request, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendStreamAsync(request, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var messages = JsonSerializer
            .DeserializeAsyncEnumerable(body, type, topLevelValues: true, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(messages))
        {
            if (messages.Current is { } message)
            {
                yield return message;
            }
        }
    }

    private async Task<HttpResponseMessage> SendStreamAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    private async ValueTask<bool> NextAsync<T>(IAsyncEnumerator<T> messages)
    {
        try
        {
            return await messages.MoveNextAsync();
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>The next message of a stream whose token also ends at <paramref name="deadline"/>.</summary>
    private async ValueTask<bool> WithinDeadlineAsync<T>(IAsyncEnumerator<T> messages, TimeSpan deadline, CancellationToken cancellationToken)
    {
        try
        {
            return await messages.MoveNextAsync();
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(deadline, e);
        }
    }

    private EngineException TimedOut(TimeSpan deadline, OperationCanceledException inner) => new(EngineErrorKind.TimedOut, Name,
        string.Create(CultureInfo.InvariantCulture, $"The engine did not answer within {deadline.TotalSeconds:0.###} seconds."), inner);

    /// <summary>Hands our handler to the typed library, which would otherwise open connections of its own.</summary>
    private sealed class ExistingHandlerFactory : IDockerHandlerFactory<HttpMessageHandler>
    {
        public static readonly ExistingHandlerFactory Instance = new();

        public ResolvedTransport CreateHandler(HttpMessageHandler transportOptions, ResolvedClientOptions clientOptions, Microsoft.Extensions.Logging.ILogger logger) =>
            new(transportOptions, EngineTransport.BaseAddress);

        public ResolvedTransport CreateHandler(ResolvedClientOptions clientOptions, Microsoft.Extensions.Logging.ILogger logger) =>
            throw new NotSupportedException("This factory only hands on a handler that exists.");

        public Task<WriteClosableStream> HijackStreamAsync(HttpContent content) =>
            throw new NotSupportedException("Attach and exec need a transport that can close one half.");
    }
}
