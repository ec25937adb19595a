using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ContainerApi.Stubs;

/// <summary>
/// A stub of the Engine API on a unix socket. A test sets its containers, delays and faults, and reads the calls it received.
/// </summary>
/// <example>
/// <code>
/// await using var engine = await DockerApiStub.StartAsync(new StubOptions { Running = 1000 });
/// engine.When("/containers/{id}/top", Behaviours.Error(500, "broken"));
/// … DOCKER_HOST = engine.Endpoint …
/// Assert.Equal(1, engine.Calls.Count("/containers/json"));
/// </code>
/// </example>
public sealed class DockerApiStub : IAsyncDisposable
{
    private readonly string _directory;
    private readonly Lock _lock = new();
    private readonly List<(Func<EngineCall, bool> Match, Behaviour Behaviour)> _rules = [];
    private WebApplication? _server;

    private DockerApiStub(StubOptions options)
    {
        Options = options;
        // Short: a socket's path has 108 bytes at most.
        _directory = Directory.CreateTempSubdirectory("si-").FullName;
        for (var n = 0; n < options.Running + options.Exited; n++)
        {
            Containers.Add(StubContainer.Generate(n, running: n < options.Running));
        }
    }

    public static async Task<DockerApiStub> StartAsync(StubOptions? options = null)
    {
        var engine = new DockerApiStub(options ?? new StubOptions());
        await engine.StartAgainAsync();
        return engine;
    }

    public StubOptions Options { get; private set; }

    /// <summary>The socket's path.</summary>
    public string SocketPath => Path.Combine(_directory, "d.sock");

    /// <summary>The value for <c>DOCKER_HOST</c>: <c>unix:///…</c>.</summary>
    public string Endpoint => "unix://" + SocketPath;

    public StubContainers Containers { get; } = new();

    public CallLog Calls { get; } = new();

    public EngineEvents Events { get; } = new();

    /// <summary>Serves connections that begin with HTTP/2; null if the engine has HTTP/1.1 only.</summary>
    public Func<ConnectionContext, Task>? Http2 { get; set; }

    /// <summary>The messages that <c>POST /build</c> streams, one JSON value each.</summary>
    public Func<EngineCall, CancellationToken, IAsyncEnumerable<string>> Build { get; set; } = Scripts.Build;

    /// <summary>The messages that <c>POST /images/create</c> streams.</summary>
    public Func<EngineCall, CancellationToken, IAsyncEnumerable<string>> Pull { get; set; } = Scripts.Pull;

    /// <summary>Adds a rule for matching calls. The first rule that matches and answers applies. Disposing removes the rule.</summary>
    public IDisposable When(Func<EngineCall, bool> match, Behaviour behaviour)
    {
        var rule = (match, behaviour);
        lock (_lock)
        {
            _rules.Add(rule);
        }

        return new Ended(() =>
        {
            lock (_lock)
            {
                _rules.Remove(rule);
            }
        });
    }

    /// <param name="route">As <c>/containers/{id}/top</c>; <c>*</c> is every call but the ping.</param>
    public IDisposable When(string route, Behaviour behaviour) =>
        When(c => route == "*" ? c.Route != "/_ping" : c.Route == route, behaviour);

    /// <summary>Stops at once, breaks open connections and deletes the socket.</summary>
    public async Task StopAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            await server.StopAsync(new CancellationToken(canceled: true));
            await server.DisposeAsync();
            Events.Close();
        }

        File.Delete(SocketPath);
    }

    /// <summary>Restarts on the same socket with the same containers, with other options if given.</summary>
    public async Task StartAgainAsync(StubOptions? options = null)
    {
        await StopAsync();
        Options = options ?? Options;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // The backlog of a real engine is the kernel's limit; Kestrel's default of 512 is too small for the load tests.
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.Backlog = 4096).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.ListenUnixSocket(SocketPath, listen => listen.Use(next => connection => AcceptAsync(connection, next)));
        });
        var server = builder.Build();
        server.Run(ServeAsync);
        await server.StartAsync();
        _server = server;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task AcceptAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (Http2 is { } serve)
        {
            var start = await connection.Transport.Input.ReadAtLeastAsync(1);
            var isHttp2 = start.Buffer.FirstSpan is [(byte)'P', (byte)'R', (byte)'I', ..];
            connection.Transport.Input.AdvanceTo(start.Buffer.Start);
            await (isHttp2 ? serve(connection) : next(connection));
            return;
        }

        await next(connection);
    }

    private async Task ServeAsync(HttpContext context)
    {
        try
        {
            var call = EngineApi.Read(context.Request);
            Calls.Add(call);
            foreach (var behaviour in RulesFor(call))
            {
                if (await behaviour(context))
                {
                    return;
                }
            }

            await EngineApi.AnswerAsync(this, call, context);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ConnectionAbortedException or ConnectionResetException)
        {
            // The caller disconnected, or the stub stopped.
        }
    }

    private List<Behaviour> RulesFor(EngineCall call)
    {
        lock (_lock)
        {
            return [.. _rules.Where(r => r.Match(call)).Select(r => r.Behaviour)];
        }
    }
}
