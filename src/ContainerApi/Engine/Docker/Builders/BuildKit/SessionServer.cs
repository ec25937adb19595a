using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// The gRPC server that BuildKit calls during a build. It has no port: its connections are calls to the engine. One for the whole
/// service, started by the first build that needs it.
/// </summary>
internal sealed class SessionServer : IAsyncDisposable
{
    /// <summary>Kestrel's maximum, because a request's buffer has 1 MiB.</summary>
    private const int MaxHeadersBytes = 1024 * 1024;

    private readonly SessionListener _listener = new();
    private readonly Lazy<Task<WebApplication>> _server;

    public SessionServer() => _server = new(StartAsync);

    /// <summary>Opens a session that serves <paramref name="grants"/> until it is disposed.</summary>
    public async Task<BuildSession> OpenAsync(BuildKitConnection connection, SessionGrants grants, CancellationToken cancellationToken)
    {
        await _server.Value.WaitAsync(cancellationToken);
        var id = Guid.NewGuid().ToString("n");
        var headers = new Metadata
        {
            { "x-docker-expose-session-uuid", id },
            { "x-docker-expose-session-name", "containerapi" },
            { "x-docker-expose-session-sharedkey", grants.Directories?.SharedKey ?? id },
        };
        var session = new SessionConnection(id, connection.Control.Session(headers, cancellationToken: CancellationToken.None), grants);
        _listener.Serve(session);
        return new BuildSession(id, session);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated)
        {
            await using var server = await _server.Value;
            // Open connections belong to builds that end with the service.
            using var now = new CancellationTokenSource(TimeSpan.Zero);
            await server.StopAsync(now.Token);
        }
    }

    private async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = BuildKitConnection.MaxMessageBytes);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // An engine may stop to read a context for as long as another build uses its disk.
            kestrel.Limits.MinRequestBodyDataRate = null;
            // The patterns of a directory are headers, one for each source of COPY.
            kestrel.Limits.MaxRequestHeaderCount = 20_000;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeadersBytes;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(_listener.EndPoint, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.RemoveAll<IConnectionListenerFactory>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(_listener);
        var server = builder.Build();
        server.UseRouting();
        server.MapGrpcService<HealthService>();
        server.MapGrpcService<AuthService>();
        server.MapGrpcService<SecretsService>();
        server.MapGrpcService<SshService>();
        server.MapGrpcService<UploadService>();
        server.MapGrpcService<FileSyncService>();
        server.MapGrpcService<FileSendService>();
        await server.StartAsync();
        return server;
    }
}

/// <summary>The session of one build.</summary>
/// <param name="Id">The <c>session</c> of the build.</param>
internal sealed record BuildSession(string Id, SessionConnection Connection) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        Connection.Abort();
        await Connection.Completion;
    }
}
