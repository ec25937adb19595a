using ContainerApi.Containers;
using ContainerApi.Engine.Docker.Transport;
using ContainerApi.Soak;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.EngineTests;

/// <summary>
/// A real Docker Engine (<c>DOCKER_HOST</c>, else the default socket), the service on a port, and an image to run. Objects of a run have
/// its label and are removed at the end, also after a failure. Without an engine the tests fail.
/// </summary>
public sealed class EngineFixture : IAsyncLifetime
{
    /// <summary>The label key of every object that a test creates.</summary>
    public const string Label = "containerapi.test";

    /// <summary>The allowed prefix of remote contexts: a local port that a test may serve.</summary>
    public static string RemoteContexts { get; } = $"http://127.0.0.1:{FreePort()}/";

    /// <summary>The folder of build stores of <see cref="StartService"/>.</summary>
    public string State => _state;

    public string Run { get; } = Guid.NewGuid().ToString("n")[..12];

    /// <summary>A busybox image with <c>sh</c>, <c>sleep</c>, <c>httpd</c>, <c>wget</c> and others.</summary>
    public string Image => $"containerapi-test/busybox:{Run}";

    /// <summary>A configured context root of the service.</summary>
    public string ContextRoot { get; } = Directory.CreateTempSubdirectory("containerapi-test-").FullName;

    /// <summary>A client of the service on Kestrel.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>A client of the engine's API, without the service.</summary>
    public HttpClient Engine { get; private set; } = null!;

    /// <summary>What the engine can do.</summary>
    internal EngineCapabilities Capabilities { get; private set; } = null!;

    /// <summary>The engine that <c>DOCKER_HOST</c> names, else the default socket.</summary>
    public static readonly string EndpointText =
        Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host ? host : EngineEndpoint.Default;
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
        Capabilities = new EngineCapabilities(Text((await Engine.GetFromJsonAsync<JsonObject>("/version"))!, "ApiVersion"));
        await ImportImageAsync();
        (_service, Client) = StartService("builds.db");
    }

    /// <summary>Starts a service on a free port; disposing stops it.</summary>
    /// <param name="store">The file name or path of its build store.</param>
    /// <param name="configure">Additional settings and services.</param>
    public (WebApplicationFactory<Program> Service, HttpClient Client) StartService(string store, Action<IWebHostBuilder>? configure = null)
    {
        var service = new Service(EndpointText, ContextRoot, Path.Combine(_state, store), configure);
        // Not UseKestrel(0): that sets the port while the program may have started already.
        service.UseKestrel();
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
            // Podman's forced removal waits for the stop timeout, so kill first.
            using var killed = await Engine.PostAsync($"containers/{container!["Id"]}/kill", null);
            using var removed = await Engine.DeleteAsync($"containers/{container["Id"]}?force=1&v=1");
        }

        foreach (var network in (await Engine.GetFromJsonAsync<JsonArray>($"networks?filters={mine}"))!)
        {
            using var removed = await Engine.DeleteAsync($"networks/{network!["Id"]}");
        }

        // A child image keeps its parent, so repeat until no image can be removed.
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

    /// <summary>Creates a container on the engine, with the label of this run; returns its id.</summary>
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

    /// <summary>Creates a container that sleeps.</summary>
    public Task<string> SleepAsync(string? name = null, bool start = true) => CreateAsync(new { Cmd = new[] { "sleep", "1000" } }, name, start);

    public async Task<JsonNode> InspectAsync(string container) => JsonNode.Parse(await Engine.GetStringAsync($"containers/{container}/json"))!;

    public async Task<string> StateAsync(string container) => Text((await InspectAsync(container))["State"]!, "Status");

    public async Task AssertNoContainerAsync(string container)
    {
        using var found = await Engine.GetAsync($"containers/{container}/json");
        Assert.Equal(HttpStatusCode.NotFound, found.StatusCode);
    }

    /// <summary>Gives the test image a name in this registry.</summary>
    public async Task<string> TagAsync(string registry, string name = "team/app")
    {
        await PostAsync($"images/{Image}/tag?repo={registry}/{name}&tag=v1");
        return $"{registry}/{name}:v1";
    }

    /// <summary>Posts JSON to the service and returns the lines of the response, which must succeed.</summary>
    public async Task<List<JsonObject>> StreamAsync(string address, object request) =>
        await LinesAsync(await Client.PostAsJsonAsync(address, request));

    /// <summary>The ids of all images of the engine, in order.</summary>
    public async Task<string[]> ImageIdsAsync() =>
        [.. (await Engine.GetFromJsonAsync<JsonArray>("images/json?all=1"))!.Select(i => Text(i!, "Id")).Order(StringComparer.Ordinal)];

    /// <summary>Untagged images of this run.</summary>
    public async Task<HashSet<string>> DanglingAsync()
    {
        var filters = Uri.EscapeDataString($$"""{"dangling":["true"],"label":["{{Label}}={{Run}}"]}""");
        return [.. (await Engine.GetFromJsonAsync<JsonArray>($"images/json?filters={filters}"))!.Select(i => Text(i!, "Id"))];
    }

    /// <summary>Creates a container that uses CPU; disposing removes it at the end of its test.</summary>
    public async Task<BusyContainer> CreateBusyAsync(object body) => new(this, await CreateAsync(body));

    /// <summary>Calls the engine; the call must succeed.</summary>
    public async Task PostAsync(string path, object? body = null)
    {
        using var response = await Engine.PostAsync(path, body is null ? null : JsonContent.Create(body));
        Assert.True(response.IsSuccessStatusCode, $"{path}: {await response.Content.ReadAsStringAsync()}");
    }

    /// <summary>Polls until a condition of the engine holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await isSo())
        {
            await Task.Delay(50, deadline.Token);
        }
    }

    public string UniqueName(string prefix) => $"{prefix}-{Run}-{Guid.NewGuid().ToString("n")[..6]}";

    /// <summary>Imports busybox as an image with one layer, without a registry.</summary>
    private async Task ImportImageAsync()
    {
        const string Busybox = "/bin/busybox";
        Assert.True(File.Exists(Busybox), "busybox-static is needed to make the tests' image; scripts/install-tools installs it.");
        await BusyboxImage.ImportAsync(Engine, "containerapi-test/busybox", Run, Applets, $"LABEL {Label}={Run}");
    }

    public sealed record BusyContainer(EngineFixture Fixture, string Id) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            using var removed = await Fixture.Engine.DeleteAsync($"containers/{Id}?force=1");
        }
    }

    /// <summary>The service with the host source off: it reads everything from the engine.</summary>
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
            // Engine 20.10 reads statistics one after the other: with 100 containers longer than the default limit.
            builder.ConfigureTestServices(
                services => services.AddSingleton(new CollectionLimits { Section = TimeSpan.FromSeconds(60), Engine = TimeSpan.FromSeconds(90) }));
        }
    }

    private sealed class Service(string engine, string contextRoot, string storePath, Action<IWebHostBuilder>? configure)
        : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseSetting("Urls", "http://127.0.0.1:0");
            builder.UseSetting("DOCKER_HOST", engine);
            builder.UseSetting("Builds:ContextRoots:0", contextRoot);
            builder.UseSetting("Builds:StorePath", storePath);
            builder.UseSetting("Builds:RemoteContexts:0", RemoteContexts);
            configure?.Invoke(builder);
        }
    }
}

/// <summary>One engine and one service for all tests; test classes run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class EngineCollection : ICollectionFixture<EngineFixture>
{
    public const string Name = "engine";
}
