using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Transport;
using ContainerApi.Engine.Docker.Wire;
using ContainerApi.Engine.Host;
using ContainerApi.Tls;
using Docker.DotNet;
using Docker.DotNet.Handler.Abstractions;
using Grpc.Core;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging.Abstractions;

namespace ContainerApi.Engine.Docker;

/// <summary>
/// One Docker Engine over its HTTP API: Docker.DotNet for rare calls, direct requests for frequent and streamed calls, with one
/// connection pool.
/// </summary>
internal sealed partial class DockerEngine : IEngine, IDisposable
{
    private readonly EngineEndpoint _endpoint;
    private readonly EngineHandler _handler;
    private readonly HttpClient _http;
    private readonly DockerClient _docker;
    private readonly TimeSpan _callTimeout;
    private readonly long _maxAnswerBytes;
    private readonly CancellationTokenSource _closing = new();
    private readonly TimeProvider _time;
    private readonly HostSource? _host;
    private readonly SessionServer _sessions;
    private readonly CommandLimit _commands;

    /// <summary>The maximum size of one message of a stream. A status message of BuildKit has up to 1.4 MiB.</summary>
    private const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <param name="host">The engine's host, or null to use the API only.</param>
    /// <param name="sessions">Answers BuildKit's requests; null for a new one.</param>
    /// <param name="logger">Logs certificates that could not be reloaded.</param>
    /// <param name="limit">Null for the default.</param>
    public DockerEngine(
        EngineOptions options, TimeProvider time, HostSource? host = null, SessionServer? sessions = null, ILogger<DockerEngine>? logger = null,
        EngineAnswerLimit? limit = null, CommandLimit? commands = null)
    {
        var endpoint = EngineEndpoint.TryParse(options.Endpoint, out var parsed, tls: options.Tls is not null)
            ? parsed
            : throw new ArgumentException($"Invalid endpoint '{options.Endpoint}'.", nameof(options));
        Name = options.Name;
        _endpoint = endpoint;
        Endpoint = endpoint.ToString();
        _time = time;
        _host = host;
        _sessions = sessions ?? new SessionServer();
        _commands = commands ?? new CommandLimit();
        _callTimeout = options.CallTimeout;
        _maxAnswerBytes = limit?.Bytes ?? EngineAnswerLimit.Default;
        var tls = options.Tls is null
            ? null
            : new TlsClient(endpoint.Host, new CertificateFiles(
                $"engine {options.Name}", options.Tls.ToFiles(), logger ?? NullLogger<DockerEngine>.Instance));
        _handler = new EngineHandler(options.Name, EngineTransport.CreateHandler(endpoint, options.CallTimeout, tls), _maxAnswerBytes);
        // Each call has its own timeout, because streams may last for hours.
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
        return EngineTranslation.ToInfo((await version).Required(), (await info).Required(), (await _handler.ConnectAsync(token)).ApiVersion);
    }, cancellationToken);

    public void Dispose()
    {
        _closing.Cancel();
        _docker.Dispose();
        _http.Dispose();
        _handler.Dispose();
        _host?.Dispose();
        _closing.Dispose();
    }

    /// <summary>
    /// Runs a call with a timeout and translates its failures to <see cref="EngineException"/>. The caller's cancellation is not
    /// translated.
    /// </summary>
    private async Task<T> WithinAsync<T>(TimeSpan timeout, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(timeout);
        try
        {
            return await call(limited.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(timeout, e);
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    private Task WithinAsync(TimeSpan timeout, Func<CancellationToken, Task> call, CancellationToken cancellationToken) =>
        WithinAsync(timeout, async token =>
        {
            await call(token);
            return true;
        }, cancellationToken);

    /// <summary>Translates a failure of the engine; null for any other.</summary>
    private EngineException? Translate(Exception exception) => exception switch
    {
        HttpRequestException or IOException => EngineErrors.FromTransport(Name, exception),
        RpcException e => EngineErrors.FromBuildKit(Name, e),
        // Docker.DotNet's converters throw what numbers and times throw that are out of range.
        JsonException or NotSupportedException or FormatException or OverflowException or ArgumentOutOfRangeException =>
            EngineErrors.InvalidResponse(Name, exception),
        _ => null,
    };

    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, long maxBytes, CancellationToken cancellationToken)
    {
        using var response = await GetAsync(path, maxBytes, cancellationToken);
        return await ReadAsync(response, type, cancellationToken);
    }

    private async Task<HttpResponseMessage> GetAsync(string path, long maxBytes, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Options.Set(EngineHandler.MaxAnswerBytes, maxBytes);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await JsonSerializer.DeserializeAsync(body, type, cancellationToken)
            ?? throw new JsonException("The engine returned null.");
    }

    /// <summary>Returns the path with the parameters that have a value.</summary>
    private static string ToPath(string path, IEnumerable<(string Name, string? Value)> parameters) =>
        QueryHelpers.AddQueryString(path, parameters.Select(p => KeyValuePair.Create(p.Name, p.Value)));

    /// <summary>Sends a request and streams the JSON values of the answer, without a timeout. The first step throws the engine's error.</summary>
    private async IAsyncEnumerable<T> StreamAsync<T>(
        HttpRequestMessage request, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendStreamAsync(request, cancellationToken);
        await foreach (var message in ReadStreamAsync(response, type, cancellationToken))
        {
            yield return message;
        }
    }

    private async Task<HttpResponseMessage> SendStreamAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Options.Set(EngineHandler.MaxAnswerBytes, EngineHandler.Unbounded);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    private async IAsyncEnumerable<T> ReadStreamAsync<T>(
        HttpResponseMessage response, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var body = new BoundedStream(await response.Content.ReadAsStreamAsync(cancellationToken), Name, MaxMessageBytes);
        await using var messages = JsonSerializer
            .DeserializeAsyncEnumerable(body, type, topLevelValues: true, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(messages, Timeout.InfiniteTimeSpan, cancellationToken))
        {
            body.Restart();
            if (messages.Current is { } message)
            {
                yield return message;
            }
        }
    }

    /// <summary>Reads the next message of a stream whose token includes the timeout.</summary>
    private async ValueTask<bool> NextAsync<T>(IAsyncEnumerator<T> messages, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await messages.MoveNextAsync();
        }
        catch (OperationCanceledException e) when (timeout != Timeout.InfiniteTimeSpan && !cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(timeout, e);
        }
        catch (Exception e) when (Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    private EngineException TimedOut(TimeSpan timeout, OperationCanceledException inner) => new(ErrorCode.EngineTimeout, Name,
        $"The engine did not answer within {timeout.InSeconds()}.", inner);

    /// <summary>Makes Docker.DotNet use the existing handler and its connections.</summary>
    private sealed class ExistingHandlerFactory : IDockerHandlerFactory<HttpMessageHandler>
    {
        public static readonly ExistingHandlerFactory Instance = new();

        public ResolvedTransport CreateHandler(
            HttpMessageHandler transportOptions, ResolvedClientOptions clientOptions, Microsoft.Extensions.Logging.ILogger logger) =>
            new(transportOptions, EngineTransport.BaseAddress);

        public ResolvedTransport CreateHandler(ResolvedClientOptions clientOptions, Microsoft.Extensions.Logging.ILogger logger) =>
            throw new NotSupportedException("Only an existing handler is supported.");

        public Task<WriteClosableStream> HijackStreamAsync(HttpContent content) =>
            throw new NotSupportedException("Attach and exec need a transport that can close one half.");
    }
}
