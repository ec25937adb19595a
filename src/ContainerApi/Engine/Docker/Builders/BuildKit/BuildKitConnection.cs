using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// A connection to the control service of an engine's BuildKit: HTTP/2 on the engine's socket, or a request to <c>/grpc</c> that is upgraded
/// to HTTP/2. Its calls end with it.
/// </summary>
internal sealed class BuildKitConnection : IDisposable
{
    /// <summary>A status message has up to 1.4 MiB; it contains the Dockerfile of a warning.</summary>
    public const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <summary>KiB. An error's trailers contain the Dockerfile in base64.</summary>
    private const int MaxTrailersLength = 8 * 1024;

    /// <summary>The default of 64 KiB costs a round trip for each 64 KiB of a result.</summary>
    private const int WindowBytes = 1024 * 1024;

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);

    private readonly IDisposable _owner;
    private readonly GrpcChannel _channel;

    /// <param name="owner">What the connection belongs to.</param>
    private BuildKitConnection(IDisposable owner, GrpcChannel channel) =>
        (_owner, _channel, Control, Frontend) =
        (owner, channel, new Control.ControlClient(channel), new Gateway.LLBBridge.LLBBridgeClient(channel));

    public Control.ControlClient Control { get; }

    /// <summary>The frontend of a solve.</summary>
    public Gateway.LLBBridge.LLBBridgeClient Frontend { get; }

    /// <param name="send">Sends a request to the engine and returns after the headers of the answer.</param>
    /// <param name="maxAnswerBytes">The maximum size of a message of the engine.</param>
    /// <exception cref="EngineException">The engine has no BuildKit, or cannot be reached.</exception>
    public static async Task<BuildKitConnection> OpenAsync(
        Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, int maxAnswerBytes, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "grpc");
        request.Headers.Add("Connection", "Upgrade");
        request.Headers.Add("Upgrade", "h2c");
        var response = await send(request, cancellationToken);
        try
        {
            var stream = response.StatusCode == HttpStatusCode.SwitchingProtocols
                ? await response.Content.ReadAsStreamAsync(cancellationToken)
                : throw new HttpRequestException("The engine did not open a connection to BuildKit.");
            return new BuildKitConnection(response, CreateChannel(stream, maxAnswerBytes));
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection to an engine that may have BuildKit on its socket; null if BuildKit does not answer there.</summary>
    /// <param name="connect">Connects to the socket.</param>
    public static async Task<BuildKitConnection?> TryOpenAsync(
        Func<CancellationToken, ValueTask<Stream>> connect, int maxAnswerBytes, CancellationToken cancellationToken)
    {
        BuildKitConnection? connection = null;
        try
        {
            var stream = await connect(cancellationToken);
            connection = new BuildKitConnection(stream, CreateChannel(stream, maxAnswerBytes));
            await connection.Control.ListWorkersAsync(new ListWorkersRequest(), cancellationToken: cancellationToken);
            return connection;
        }
        // The error of the request to /grpc says what is wrong, if something is.
        catch (Exception e) when (e is RpcException or SocketException)
        {
            connection?.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    public void Dispose()
    {
        _channel.Dispose();
        _owner.Dispose();
    }

    [SuppressMessage("Usage", "CA2262", Justification = "The value is in KiB.")]
    private static GrpcChannel CreateChannel(Stream stream, int maxAnswerBytes)
    {
        Stream? connection = stream;
        return GrpcChannel.ForAddress("http://buildkit", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                // A lost connection is not replaced: the calls of a build belong to one connection.
                ConnectCallback = (_, _) => Interlocked.Exchange(ref connection, null) is { } only
                    ? new ValueTask<Stream>(new SessionAnnouncement(only))
                    : throw new IOException("The connection to BuildKit was lost."),
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                KeepAlivePingDelay = PingInterval,
                KeepAlivePingTimeout = PingInterval,
                InitialHttp2StreamWindowSize = WindowBytes,
                MaxResponseHeadersLength = MaxTrailersLength,
                ActivityHeadersPropagator = null,
            },
            DisposeHttpClient = true,
            MaxReceiveMessageSize = maxAnswerBytes,
            MaxSendMessageSize = MaxMessageBytes,
            // A call that failed has done a part of its work.
            MaxRetryAttempts = 1,
        });
    }
}
