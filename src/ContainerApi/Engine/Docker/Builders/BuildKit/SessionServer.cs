using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// The gRPC server that BuildKit calls during a build. It has no port: its connections are upgraded requests to <c>/session</c>.
/// One for the whole service, started by the first build that needs it.
/// </summary>
internal sealed class SessionServer : IAsyncDisposable
{
    private readonly SessionListener _listener = new();
    private readonly Lazy<Task<WebApplication>> _server;

    public SessionServer() => _server = new(StartAsync);

    /// <summary>Opens a session that serves <paramref name="grants"/> until it is disposed.</summary>
    /// <param name="send">Sends a request to the engine and returns after the headers of the answer.</param>
    /// <exception cref="EngineException">The engine has no sessions, or cannot be reached.</exception>
    public async Task<BuildSession> OpenAsync(
        SessionGrants grants, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancellationToken)
    {
        await _server.Value.WaitAsync(cancellationToken);
        var id = Guid.NewGuid().ToString("n");
        using var request = new HttpRequestMessage(HttpMethod.Post, "session");
        request.Headers.Add("Connection", "Upgrade");
        request.Headers.Add("Upgrade", "h2c");
        // Engines read the list of methods only before calls that are not served here (file transfer, ssh), so it is left out.
        request.Headers.Add("X-Docker-Expose-Session-Uuid", id);
        request.Headers.Add("X-Docker-Expose-Session-Name", "containerapi");
        request.Headers.Add("X-Docker-Expose-Session-Sharedkey", id);
        var response = await send(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
        {
            response.Dispose();
            throw new HttpRequestException("The engine did not open a session.");
        }

        var connection = new SessionConnection(id, await response.Content.ReadAsStreamAsync(cancellationToken), grants);
        _listener.Serve(connection);
        return new BuildSession(id, connection, response);
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
        // Every message is a short name.
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = 64 * 1024);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(_listener.EndPoint, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.RemoveAll<IConnectionListenerFactory>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(_listener);
        var server = builder.Build();
        server.UseRouting();
        server.MapGrpcService<HealthService>();
        server.MapGrpcService<AuthService>();
        server.MapGrpcService<SecretsService>();
        await server.StartAsync();
        return server;
    }
}

/// <summary>The session of one build.</summary>
/// <param name="Id">The <c>session</c> parameter of the build.</param>
internal sealed record BuildSession(string Id, SessionConnection Connection, HttpResponseMessage Response) : IAsyncDisposable
{
    public ValueTask DisposeAsync()
    {
        Connection.Abort();
        Response.Dispose();
        return ValueTask.CompletedTask;
    }
}
