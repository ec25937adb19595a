using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// Hands Kestrel the connections that we opened to engines, as if they had come in: on them the engine is the client.
/// </summary>
internal sealed class SessionListener : IConnectionListenerFactory, IConnectionListener
{
    private readonly Channel<ConnectionContext> _connections = Channel.CreateUnbounded<ConnectionContext>();

    public EndPoint EndPoint { get; } = new LocalEndPoint();

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

    /// <summary>Puts a connection into service.</summary>
    public void Serve(ConnectionContext connection)
    {
        if (!_connections.Writer.TryWrite(connection))
        {
            connection.Abort();
        }
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _connections.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_connections.Reader.TryRead(out var connection))
            {
                return connection;
            }
        }

        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _connections.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>Nothing listens anywhere.</summary>
    private sealed class LocalEndPoint : EndPoint
    {
        public override string ToString() => "buildkit-sessions";
    }
}

/// <summary>One upgraded connection to an engine, as Kestrel wants it.</summary>
internal sealed class SessionConnection : DefaultConnectionContext
{
    private readonly Stream _stream;

    public SessionConnection(string id, Stream stream, SessionGrants grants)
        : base(id)
    {
        _stream = stream;
        Transport = new Duplex(PipeReader.Create(stream), PipeWriter.Create(stream));
        Features.Set(grants);
    }

    /// <summary>The end of the stream is what Kestrel sees; it may be the one that disposes this meanwhile.</summary>
    public override void Abort(ConnectionAbortedException abortReason) => _stream.Dispose();

    public override async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await base.DisposeAsync();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
