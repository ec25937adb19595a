using System.Net.Sockets;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>The connections to one engine: one pool, for the typed library and for our own streams.</summary>
internal static class EngineTransport
{
    /// <summary>Requests are addressed to this host; where they go is up to the connect callback.</summary>
    public static readonly Uri BaseAddress = new("http://engine/");

    /// <summary>
    /// As much as the kernel's limit (net.core.wmem_max) allows, twice the usual: the engine then has something to read until our next piece
    /// of a context is there. It took a gigabyte at 0.83 of its own rate without, and at 0.9 with it.
    /// </summary>
    private const int SendBuffer = 1024 * 1024;

    /// <param name="tls">Null for a plain connection.</param>
    public static SocketsHttpHandler CreateHandler(EngineEndpoint endpoint, TimeSpan connectTimeout, EngineTls? tls = null) => new()
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var connection = await ConnectAsync(endpoint, cancellationToken);
            return tls is null ? connection : await tls.SecureAsync(connection, cancellationToken);
        },
        ConnectTimeout = connectTimeout,
        // An HTTP_PROXY in the environment must not see the engine's traffic, nor a redirect lead it elsewhere.
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        MaxConnectionsPerServer = int.MaxValue,
        // A stream that is left is closed at once: its end is what stops the work on the engine.
        ResponseDrainTimeout = TimeSpan.Zero,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        // So that certificates that were changed are used for everything before long.
        PooledConnectionLifetime = tls is null ? Timeout.InfiniteTimeSpan : TimeSpan.FromMinutes(5),
        // Trace context is for services that read it; the engine does not.
        ActivityHeadersPropagator = null,
    };

    private static async ValueTask<Stream> ConnectAsync(EngineEndpoint endpoint, CancellationToken cancellationToken)
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
    /// A connection that drops what the engine no longer reads. An engine that refuses a build while its context is still
    /// being sent answers and closes; without this the client sees a broken pipe instead of the answer.
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
