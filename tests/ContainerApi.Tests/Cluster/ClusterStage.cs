using System.Security.Cryptography.X509Certificates;
using ContainerApi.Cluster;
using ContainerApi.Stubs;
using ContainerApi.Tests.Engine;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.Tests.Cluster;

/// <summary>Several replicas in this process, each on an address of its own below 127.0.0.0/8, which Linux has without setup.</summary>
internal sealed class ClusterStage : IAsyncDisposable
{
    private const int Port = 8443;

    private readonly List<IAsyncDisposable> _owned = [];

    /// <param name="replicas">How many addresses there are.</param>
    public ClusterStage(int replicas = 2)
    {
        var (b, c) = (Random.Shared.Next(1, 255), Random.Shared.Next(1, 255));
        Addresses = [.. Enumerable.Range(1, replicas).Select(n => IPAddress.Parse($"127.{b}.{c}.{n}"))];
        (CertificateFile, KeyFile) = Authority.Write(Authority.Peer(), "peer");
    }

    public TestAuthority Authority { get; } = new();

    public string CertificateFile { get; }

    public string KeyFile { get; }

    public IReadOnlyList<IPAddress> Addresses { get; }

    /// <summary>The name that resolves to replicas in place of <c>Cluster:Peers</c>; null for the peers of the configuration.</summary>
    public ResolveName? Resolve { get; init; }

    /// <summary>The clock of each replica.</summary>
    public Func<int, TimeProvider> Time { get; init; } = _ => TimeProvider.System;

    /// <summary>Long enough for a busy machine. Tests of replicas that do not answer shorten it.</summary>
    public TimeSpan ListTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public string PeerAddress(int n) => $"https://{Addresses[n]}:{Port}";

    /// <summary>Starts the replica with this address.</summary>
    public Replica Start(int n, IReadOnlyDictionary<string, string?>? settings, params IReadOnlyList<IEngine> engines)
    {
        var all = Settings(n);
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>())
        {
            all[name] = value;
        }

        var replica = new Replica(new Uri(all["Urls"]!), Resolve, Time(n), all, engines);
        _owned.Add(replica);
        return replica;
    }

    /// <summary>Starts a stub in place of the replica with this address.</summary>
    public Task<PeerStub> StubAsync(int n, string engine, Func<HttpContext, Task> answer) =>
        PeerStub.StartAsync(new IPEndPoint(Addresses[n], Port), X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile), engine, answer);

    public Dictionary<string, string?> Settings(int n)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Urls"] = $"http://{Addresses[n]}:8080",
            ["AllowedHosts"] = "*",
            ["Cluster:Listen"] = PeerAddress(n),
            ["Cluster:CaFile"] = Authority.CaFile,
            ["Cluster:CertificateFile"] = CertificateFile,
            ["Cluster:KeyFile"] = KeyFile,
            ["Cluster:ListTimeout"] = ListTimeout.ToString("c"),
            ["Cluster:Dns"] = Resolve is null ? null : "tasks.containerapi",
        };
        for (var i = 0; Resolve is null && i < Addresses.Count; i++)
        {
            settings[$"Cluster:Peers:{i}"] = PeerAddress(i);
        }

        return settings;
    }

    public Replica Start(int n, params IReadOnlyList<IEngine> engines) => Start(n, null, engines);

    /// <summary>A client of a listener for replicas.</summary>
    /// <param name="certificate">Null for a client without one.</param>
    public static HttpClient PeerClient(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, server, _, _) => server is not null;
        handler.SslOptions.ClientCertificates = certificate is null ? null : [certificate];
        return new HttpClient(handler);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in Enumerable.Reverse(_owned))
        {
            await owned.DisposeAsync();
        }

        Authority.Dispose();
    }
}

/// <summary>One replica and a client of its API.</summary>
internal sealed class Replica(
    Uri address, ResolveName? resolve, TimeProvider time, IReadOnlyDictionary<string, string?> settings, IReadOnlyList<IEngine> engines)
    : IAsyncDisposable
{
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(60);

    private readonly ReplicaHost? _host = engines.Count > 0 ? new(resolve, time, settings, engines) : null;

    public HttpClient Client { get; } = new() { BaseAddress = address };

    /// <summary>The same replica for a caller with a key.</summary>
    public Replica WithKey(string key)
    {
        var other = new Replica(address, null, time, settings, []);
        other.Client.DefaultRequestHeaders.Add("X-Api-Key", key);
        return other;
    }

    /// <summary>Asks until an answer is as expected: replicas are tried again beside the requests.</summary>
    public async Task UntilAsync(string path, Func<JsonElement, bool> isExpected)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (await GetJsonAsync(path) is var answer && !isExpected(answer))
        {
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) < WaitTimeout, answer.ToString());
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    public Task<JsonElement> GetJsonAsync(string path, HttpStatusCode expected = HttpStatusCode.OK) => Client.GetJsonAsync(path, expected);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    private sealed class ReplicaHost(
        ResolveName? resolve, TimeProvider time, IReadOnlyDictionary<string, string?> settings, IReadOnlyList<IEngine> engines)
        : ApiHost(null, time, settings, engines)
    {
        private readonly ResolveName? _resolve = resolve;

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            base.ConfigureWebHost(builder);
            if (_resolve is not null)
            {
                builder.ConfigureTestServices(services => services.AddSingleton(_resolve));
            }
        }
    }
}
