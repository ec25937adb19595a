using System.Net.Sockets;
using System.Text;
using ContainerApi.Soak;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Faults;

/// <summary>The service as a process of its own before a stand-in engine: what it holds can be counted, and it can be ended by a signal.</summary>
internal sealed class ServiceUnderFault : IAsyncDisposable
{
    /// <summary>What differs without a leak: pooled connections, threads of the pool, what .NET opens once.</summary>
    private const int Slack = 20;

    /// <summary>Longer than connections to the engine stay open for the next call.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("containerapi-test-");

    public required DockerApiStub Engine { get; init; }

    public ServiceProcess Service { get; private set; } = null!;

    public string Store => Path.Combine(_state.FullName, "builds.db");

    public static async Task<ServiceUnderFault> StartAsync(StubOptions options, params IReadOnlyList<string> settings)
    {
        var under = new ServiceUnderFault { Engine = await DockerApiStub.StartAsync(options) };
        under.Service = await ServiceProcess.StartAsync(under.Engine.Endpoint, under.Store, ["--Engines:0:HostSource=off", "--Serilog:MinimumLevel:Default=Warning", .. settings]);
        return under;
    }

    /// <summary>A client that sends a request and never reads a byte of the answer.</summary>
    public async Task<Socket> NeverReadAsync(string path)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync("127.0.0.1", Service.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        return socket;
    }

    /// <summary>Starts a build that stays alone, and returns its id.</summary>
    public async Task<string> DetachAsync()
    {
        using var context = new StringContent("FROM scratch\nLABEL a=b\n", Encoding.UTF8, "text/x-dockerfile");
        using var answer = await Service.Http.PostAsync("images/build?builder=classic&detach=true", context);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.StatusCode);
        return answer.Headers.Location!.ToString().Split('/')[^1];
    }

    public async Task<StreamReader> OpenAsync(string path)
    {
        var answer = await Service.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        return new StreamReader(await answer.Content.ReadAsStreamAsync());
    }

    /// <summary>Waits until the service has let go of what it held beyond this.</summary>
    public async Task LetsGoAsync(Holding before)
    {
        using var deadline = new CancellationTokenSource(Patience);
        Holding now;
        while ((now = Service.Holds()).Files > before.Files + Slack || now.Threads > before.Threads + Slack)
        {
            Assert.False(deadline.IsCancellationRequested, $"The service still holds {now}; before it held {before}.");
            await Task.Delay(50);
        }
    }

    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!await isSo())
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
