using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ContainerApi.Hosting;

/// <summary>
/// Sockets that are accepted only while the process has descriptors for them. Kestrel rejects connections above its limit, but it accepts
/// them first: a burst uses up all descriptors, and .NET ends a process that then cannot load an assembly.
/// </summary>
internal sealed class ConnectionGate(int maxConnections, IOptions<SocketTransportOptions> options, ILoggerFactory loggers)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    /// <summary>Accepted connections that Kestrel is about to reject.</summary>
    private const int MaxRejected = 16;

    private readonly SocketTransportFactory _sockets = new(options, loggers);
    private readonly SemaphoreSlim _slots = new(maxConnections + MaxRejected);

    public bool CanBind(EndPoint endpoint) => _sockets.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await _sockets.BindAsync(endpoint, cancellationToken), _slots);

    public void Dispose() => _slots.Dispose();

    private sealed class Listener(IConnectionListener sockets, SemaphoreSlim slots) : IConnectionListener
    {
        private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(200);

        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => sockets.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unbound.Token);
            while (true)
            {
                await slots.WaitAsync(ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (ending.IsCancellationRequested)
                {
                    // Kestrel ends its loop.
                    return null;
                }

                try
                {
                    var connection = await sockets.AcceptAsync(cancellationToken);
                    if (connection is null)
                    {
                        slots.Release();
                    }
                    else
                    {
                        connection.ConnectionClosed.Register(() => slots.Release());
                    }

                    return connection;
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.TooManyOpenSockets)
                {
                    // Something else used up the descriptors. Kestrel would stop listening for good.
                    slots.Release();
                    await Task.Delay(RetryInterval, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await sockets.UnbindAsync(cancellationToken);
            await _unbound.CancelAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await sockets.DisposeAsync();
            _unbound.Dispose();
        }
    }
}
