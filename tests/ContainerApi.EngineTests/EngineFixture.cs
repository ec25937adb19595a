using ContainerApi.Engine.Docker.Transport;
using System.Formats.Tar;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using ContainerApi.Containers;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.EngineTests;

/// <summary>
/// A real Docker Engine (the one that <c>DOCKER_HOST</c> names, else the usual socket), the service on a real port in
/// front of it, and an image to run. What a run makes carries its label and is removed at the end, also after a failure.
/// Without an engine the tests fail: they are never skipped.
/// </summary>
public sealed class EngineFixture : IAsyncLifetime
{
    /// <summary>On every object that a test makes.</summary>
    public const string Label = "containerapi.test";

    /// <summary>Where the service lets the engine fetch contexts from: a port of this machine that a test may serve.</summary>
    public static string RemoteContexts { get; } = $"http://127.0.0.1:{FreePort()}/";

    /// <summary>Where stores of builds lie that <see cref="StartService"/> was given a name for.</summary>
    public string State => _state;

    public string Run { get; } = Guid.NewGuid().ToString("n")[..12];

    /// <summary>A busybox image with <c>sh</c>, <c>sleep</c>, <c>httpd</c>, <c>wget</c> and others, made here.</summary>
    public string Image => $"containerapi-test/busybox:{Run}";

    /// <summary>A directory that is a configured context root of the service.</summary>
    public string ContextRoot { get; } = Directory.CreateTempSubdirectory("containerapi-test-").FullName;

    /// <summary>The service through HTTP, on Kestrel.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>The engine's own API, not through the service: what really is there.</summary>
    public HttpClient Engine { get; private set; } = null!;

    /// <summary>The engine that <c>DOCKER_HOST</c> names, else the default socket.</summary>
    public static readonly string EndpointText =
        Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host
        ? host
        : EngineEndpoint.Default;
    private static readonly string[] Applets =
    [
        "sh", "sleep", "echo", "cat", "ls", "httpd", "wget", "true", "false", "seq", "touch", "mkdir", "rm", "yes", "head", "printf", "env", "kill",
        "test",
    ];

    private readonly string _state = Directory.CreateTempSubdirectory("containerapi-state-").FullName;
    private WebApplicationFactory<Program> _service = null!;

    public async Task InitializeAsync()
    {
        Assert.True(EngineEndpoint.TryParse(EndpointText, out var endpoint), $"DOCKER_HOST is not an endpoint: {EndpointText}");
        Engine = new HttpClient(EngineTransport.CreateHandler(endpoint, TimeSpan.FromSeconds(5))) { BaseAddress = new Uri("http://engine/v1.41/") };
        using var ping = await Engine.GetAsync("/_ping");
        ping.EnsureSuccessStatusCode();
        await ImportImageAsync();
        (_service, Client) = StartService("builds.db");
    }

    /// <summary>A service on a port of its own; dispose of it to end it.</summary>
    /// <param name="store">The name of the file that keeps its builds, or its path.</param>
    /// <param name="configure">Settings and services of the test's own.</param>
    public (WebApplicationFactory<Program> Service, HttpClient Client) StartService(string store, Action<IWebHostBuilder>? configure = null)
    {
        var service = new Service(EndpointText, ContextRoot, Path.Combine(_state, store), configure);
        service.UseKestrel(0);
        service.StartServer();
        var client = service.CreateClient();
        client.Timeout = TimeSpan.FromMinutes(2);
        return (service, client);
    }

    public async Task DisposeAsync()
    {
        var mine = Uri.EscapeDataString($$"""{"label":["{{Label}}={{Run}}"]}""");
        foreach (var container in (await Engine.GetFromJsonAsync<JsonArray>($"containers/json?all=1&filters={mine}"))!)
        {
            // Podman's force asks first, and waits: a hundred that sleep would take a quarter of an hour.
            using var killed = await Engine.PostAsync($"containers/{container!["Id"]}/kill", null);
            using var removed = await Engine.DeleteAsync($"containers/{container["Id"]}?force=1&v=1");
        }

        foreach (var network in (await Engine.GetFromJsonAsync<JsonArray>($"networks?filters={mine}"))!)
        {
            using var removed = await Engine.DeleteAsync($"networks/{network!["Id"]}");
        }

        // An image that a test committed from another keeps it alive, so children go first: until nothing goes any more.
        for (var left = int.MaxValue; ;)
        {
            var images = (await Engine.GetFromJsonAsync<JsonArray>($"images/json?all=0&filters={mine}"))!;
            if (images.Count == 0 || images.Count >= left)
            {
                break;
            }

            left = images.Count;
            foreach (var image in images)
            {
                using var removed = await Engine.DeleteAsync($"images/{image!["Id"]}?force=1");
            }
        }

        await _service.DisposeAsync();
        Engine.Dispose();
        Directory.Delete(ContextRoot, recursive: true);
        Directory.Delete(_state, recursive: true);
    }

    /// <summary>Creates a container on the engine, past the service, with the label of this run; returns its id.</summary>
    public async Task<string> CreateAsync(object body, string? name = null, bool start = true)
    {
        var json = JsonSerializer.SerializeToNode(body)!.AsObject();
        json["Image"] ??= Image;
        (json["Labels"] ??= new JsonObject())[Label] = Run;
        using var created = await Engine.PostAsJsonAsync("containers/create" + (name is null ? "" : "?name=" + name), json);
        var answer = await created.Content.ReadAsStringAsync();
        Assert.True(created.IsSuccessStatusCode, answer);
        var id = JsonNode.Parse(answer)!["Id"]!.GetValue<string>();
        if (start)
        {
            await PostAsync($"containers/{id}/start");
        }

        return id;
    }

    /// <summary>Images of this run that no tag names.</summary>
    public async Task<HashSet<string>> DanglingAsync()
    {
        var filters = Uri.EscapeDataString(JsonSerializer.Serialize(new Dictionary<string, string[]>
        {
            ["dangling"] = ["true"],
            ["label"] = [$"{Label}={Run}"],
        }));
        return [.. (await Engine.GetFromJsonAsync<JsonArray>($"images/json?filters={filters}"))!.Select(i => i!["Id"]!.GetValue<string>())];
    }

    /// <summary>As <see cref="CreateAsync"/>, for a container that never rests: it goes with its test and not at the end of them all, which
    /// it would slow down.</summary>
    public async Task<BusyContainer> CreateBusyAsync(object body) => new(this, await CreateAsync(body));

    /// <summary>A call to the engine itself that must succeed.</summary>
    public async Task PostAsync(string path, object? body = null)
    {
        using var response = await Engine.PostAsync(path, body is null ? null : JsonContent.Create(body));
        Assert.True(response.IsSuccessStatusCode, $"{path}: {await response.Content.ReadAsStringAsync()}");
    }

    /// <summary>Waits for what only the engine's own clockwork brings about.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await isSo())
        {
            await Task.Delay(50, deadline.Token);
        }
    }

    public string UniqueName(string prefix) => $"{prefix}-{Run}-{Guid.NewGuid().ToString("n")[..6]}";

    /// <summary>Imports busybox as an image with one layer: no registry is needed.</summary>
    private async Task ImportImageAsync()
    {
        const string Busybox = "/bin/busybox";
        Assert.True(File.Exists(Busybox), "busybox-static is needed to make the tests' image; scripts/install-tools installs it.");
        using var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, "bin/") { Mode = (UnixFileMode)0x1ED });
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, "tmp/") { Mode = (UnixFileMode)0x1FF });
            await using var binary = File.OpenRead(Busybox);
            await writer.WriteEntryAsync(
                new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox") { Mode = (UnixFileMode)0x1ED, DataStream = binary });
            foreach (var applet in Applets)
            {
                await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet) { LinkName = "busybox" });
            }
        }

        tar.Position = 0;
        var changes = $"changes={Uri.EscapeDataString($"LABEL {Label}={Run}")}&changes={Uri.EscapeDataString("ENV PATH=/bin")}";
        using var imported = await Engine.PostAsync(
            $"images/create?fromSrc=-&repo=containerapi-test/busybox&tag={Run}&{changes}", new StreamContent(tar));
        imported.EnsureSuccessStatusCode();
    }

    public sealed record BusyContainer(EngineFixture Fixture, string Id) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            using var removed = await Fixture.Engine.DeleteAsync($"containers/{Id}?force=1");
        }
    }

    /// <summary>The same service, but that it asks the engine for all and reads nothing of the host.</summary>
    public sealed class AskingService : WebApplicationFactory<Program>
    {
        public AskingService()
        {
            Client = CreateClient();
            Client.Timeout = TimeSpan.FromMinutes(2);
        }

        public HttpClient Client { get; }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseSetting("Engines:0:Name", "local");
            builder.UseSetting("Engines:0:Endpoint", EndpointText);
            builder.UseSetting("Engines:0:HostSource", "off");
            builder.UseSetting("Builds:StorePath", "");
            // Engine 20.10 reads a hundred containers one after the other: on a slow machine longer than a section may take.
            builder.ConfigureTestServices(
                services => services.AddSingleton(new CollectionLimits { Section = TimeSpan.FromSeconds(60), Engine = TimeSpan.FromSeconds(90) }));
        }
    }

    private sealed class Service(string engine, string contextRoot, string storePath, Action<IWebHostBuilder>? configure)
        : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseSetting("DOCKER_HOST", engine);
            builder.UseSetting("Builds:ContextRoots:0", contextRoot);
            builder.UseSetting("Builds:StorePath", storePath);
            builder.UseSetting("Builds:RemoteContexts:0", RemoteContexts);
            configure?.Invoke(builder);
        }
    }
}

/// <summary>One engine and one service for all tests of this assembly; they run one class after the other.</summary>
[CollectionDefinition(Name)]
public sealed class EngineCollection : ICollectionFixture<EngineFixture>
{
    public const string Name = "engine";
}
