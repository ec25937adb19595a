using System.Net.Sockets;
using ContainerApi.Soak;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Faults;

/// <summary>The service as a process with a stub engine, so that a test can count its resources and end it with a signal.</summary>
internal sealed class ServiceUnderFault : IAsyncDisposable
{
    /// <summary>The difference without a leak: pooled connections, threads of the pool, files that .NET opens once.</summary>
    private const int Slack = 20;

    /// <summary>Longer than idle connections to the engine stay open.</summary>
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("containerapi-test-");

    public required DockerApiStub Engine { get; init; }

    public ServiceProcess Service { get; private set; } = null!;

    public string Store => Path.Combine(_state.FullName, "builds.db");

    public static async Task<ServiceUnderFault> StartAsync(StubOptions options, params IReadOnlyList<string> settings)
    {
        var under = new ServiceUnderFault { Engine = await DockerApiStub.StartAsync(options) };
        under.Service = await under.StartServiceAsync(["--Serilog:MinimumLevel:Default=Warning", .. settings]);
        return under;
    }

    /// <summary>Starts a service with the same engine and build store.</summary>
    public Task<ServiceProcess> StartServiceAsync(params IReadOnlyList<string> settings) =>
        ServiceProcess.StartAsync(Engine.Endpoint, Store, ["--Engines:0:HostSource=off", .. settings]);

    /// <summary>A client that sends a request and never reads a byte of the answer.</summary>
    public async Task<Socket> NeverReadAsync(string path)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync("127.0.0.1", Service.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        return socket;
    }

    /// <summary>Starts a detached build and returns its id.</summary>
    public async Task<string> DetachAsync()
    {
        using var answer = await BuildAsync(Service, "detach=true");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return answer.Headers.Location!.ToString().Split('/')[^1];
    }

    public static Task<HttpResponseMessage> BuildAsync(ServiceProcess service, string query) =>
        service.Http.PostTextAsync("images/build?builder=classic&" + query, "FROM scratch\nLABEL a=b\n", "text/x-dockerfile");

    public async Task<StreamReader> OpenAsync(string path)
    {
        var answer = await Service.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        return new StreamReader(await answer.Content.ReadAsStreamAsync());
    }

    /// <summary>Waits until the service has released what it acquired since <paramref name="before"/>.</summary>
    public async Task ReleasesAsync(Holding before)
    {
        using var deadline = new CancellationTokenSource(WaitTimeout);
        Holding now;
        while ((now = Service.Holds()).Files > before.Files + Slack || now.Threads > before.Threads + Slack)
        {
            Assert.False(deadline.IsCancellationRequested, $"The service still holds {now}; before it held {before}.");
            await Task.Delay(50);
        }
    }

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(WaitTimeout);
        while (!await condition())
        {
            await Task.Delay(50, deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Engine.DisposeAsync();
        _state.Delete(recursive: true);
    }
}
