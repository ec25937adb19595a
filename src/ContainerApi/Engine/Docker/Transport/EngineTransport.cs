using System.Net.Sockets;
using ContainerApi.Tls;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>Creates the connection pool of one engine.</summary>
internal static class EngineTransport
{
    /// <summary>A placeholder host: the connect callback selects the address.</summary>
    public static readonly Uri BaseAddress = new("http://engine/");

    /// <summary>
    /// The kernel limits it to net.core.wmem_max, twice the default. The engine read a context of 1 GB at 0.9 of its own rate with this
    /// buffer, and at 0.83 without.
    /// </summary>
    private const int SendBuffer = 1024 * 1024;

    /// <param name="tls">Null for a plain connection.</param>
    public static SocketsHttpHandler CreateHandler(EngineEndpoint endpoint, TimeSpan connectTimeout, TlsClient? tls = null) => new()
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var connection = await ConnectAsync(endpoint, cancellationToken);
            return tls is null ? connection : await tls.SecureAsync(connection, cancellationToken);
        },
        ConnectTimeout = connectTimeout,
        // Neither an HTTP_PROXY nor a redirect may get the engine's traffic.
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        MaxConnectionsPerServer = int.MaxValue,
        // Closing an abandoned stream immediately stops the work on the engine.
        ResponseDrainTimeout = TimeSpan.Zero,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        // Changed certificates apply to all connections after this time.
        PooledConnectionLifetime = tls is null ? Timeout.InfiniteTimeSpan : TimeSpan.FromMinutes(5),
        // Engines do not read trace context.
        ActivityHeadersPropagator = null,
    };

    /// <summary>Opens a connection without TLS, outside of the pool.</summary>
    public static async ValueTask<Stream> ConnectAsync(EngineEndpoint endpoint, CancellationToken cancellationToken)
    {
        var socket = endpoint.SocketPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendBufferSize = SendBuffer };
        try
        {
            if (endpoint.SocketPath is null)
            {
                await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
            }
            else
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(endpoint.SocketPath), cancellationToken);
            }

            return new EngineStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Ignores writes after the engine closed its side. An engine that refuses a build during the upload answers and closes; without
    /// this class the client would fail with a broken pipe instead of reading the answer.
    /// </summary>
    private sealed class EngineStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private bool _closedByPeer;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_closedByPeer)
            {
                return;
            }

            try
            {
                await base.WriteAsync(buffer, cancellationToken);
            }
            catch (IOException e) when (e.InnerException is SocketException
            {
                SocketErrorCode: SocketError.Shutdown or SocketError.ConnectionReset or SocketError.ConnectionAborted,
            })
            {
                _closedByPeer = true;
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }
}
