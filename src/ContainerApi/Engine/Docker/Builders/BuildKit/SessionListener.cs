using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Gives Kestrel the connections to engines as incoming connections: the engine is the client of a session.</summary>
internal sealed class SessionListener : IConnectionListenerFactory, IConnectionListener
{
    private readonly Channel<ConnectionContext> _connections = Channel.CreateUnbounded<ConnectionContext>();

    /// <summary>A name without an address: nothing listens.</summary>
    public EndPoint EndPoint { get; } = new DnsEndPoint("buildkit-sessions", 0);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

    public void Serve(ConnectionContext connection)
    {
        if (!_connections.Writer.TryWrite(connection))
        {
            connection.Abort();
        }
    }

    /// <summary>Kestrel calls this in one loop, so a connection that is there stays there.</summary>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _connections.Reader.WaitToReadAsync(cancellationToken) && _connections.Reader.TryRead(out var connection) ? connection : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _connections.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();
}
