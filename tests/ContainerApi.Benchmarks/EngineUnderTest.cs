using ContainerApi.Engine.Docker.Transport;
using ContainerApi.Soak;

namespace ContainerApi.Benchmarks;

/// <summary>The real engine through its own API, with the containers of this run.</summary>
internal sealed class EngineUnderTest : IAsyncDisposable
{
    private const string Label = "containerapi.benchmark";
    private const string Repository = "containerapi-benchmark/busybox";
    private static readonly string Run = Guid.NewGuid().ToString("n")[..12];
    private static readonly string Image = $"{Repository}:{Run}";
    private readonly HttpClient _http;
    private readonly EngineEndpoint _endpoint;

    public EngineUnderTest()
    {
        EndpointText = Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host ? host : EngineEndpoint.Default;
        if (!EngineEndpoint.TryParse(EndpointText, out var endpoint))
        {
            throw new InvalidOperationException("DOCKER_HOST is not an endpoint: " + EndpointText);
        }

        _endpoint = endpoint;
        _http = new HttpClient(EngineTransport.CreateHandler(endpoint, TimeSpan.FromSeconds(5))) { BaseAddress = new Uri("http://engine/v1.41/") };
    }

    public string EndpointText { get; }

    public IReadOnlyList<string> Ids { get; private set; } = [];

    /// <summary>The label of every container and image of this run; they are removed at its end.</summary>
    public static string RunLabel => $"{Label}={Run}";

    /// <summary>Starts containers, each with a waiting process and a network.</summary>
    public async Task StartContainersAsync(int count)
    {
        await BusyboxImage.ImportAsync(_http, Repository, Run, ["sleep"]);
        var ids = new List<string>();
        for (var n = 0; n < count; n++)
        {
            using var created = await _http.PostAsJsonAsync($"containers/create?name=benchmark-{Run}-{n}", new JsonObject
            {
                ["Image"] = Image,
                ["Cmd"] = new JsonArray("sleep", "100000"),
                ["Labels"] = new JsonObject { [Label] = Run },
                ["ExposedPorts"] = new JsonObject { ["80/tcp"] = new JsonObject() },
            });
            created.EnsureSuccessStatusCode();
            ids.Add((await created.Content.ReadFromJsonAsync<JsonObject>())!["Id"]!.GetValue<string>());
            using var started = await _http.PostAsync($"containers/{ids[^1]}/start", null);
            started.EnsureSuccessStatusCode();
        }

        Ids = ids;
    }

    /// <summary>Imports an image for build steps; returns its name.</summary>
    public async Task<string> ImportShellAsync()
    {
        await BusyboxImage.ImportAsync(_http, Repository, Run, ["sh", "seq", "sleep", "yes", "head"]);
        return Image;
    }

    /// <summary>Starts a container with a script; returns its id.</summary>
    public async Task<string> RunAsync(string image, string script)
    {
        using var created = await _http.PostAsJsonAsync("containers/create", new JsonObject
        {
            ["Image"] = image,
            ["Cmd"] = new JsonArray("sh", "-c", script),
            ["Labels"] = new JsonObject { [Label] = Run },
            ["HostConfig"] = new JsonObject { ["NetworkMode"] = "none" },
        });
        created.EnsureSuccessStatusCode();
        var id = (await created.Content.ReadFromJsonAsync<JsonObject>())!["Id"]!.GetValue<string>();
        using var started = await _http.PostAsync($"containers/{id}/start", null);
        started.EnsureSuccessStatusCode();
        return id;
    }

    /// <summary>Waits for the end of a container.</summary>
    public async Task WaitAsync(string id)
    {
        using var ended = await _http.PostAsync($"containers/{id}/wait", null);
        await ended.Content.ReadAsStringAsync();
        ended.EnsureSuccessStatusCode();
    }

    public Task PostFileAsync(string path, string file) => _endpoint.SocketPath is { } socket
        ? Commands.PostFileAsync(file, "--unix-socket", socket, "http://engine/v1.41/" + path)
        : Commands.PostFileAsync(file, $"http://{_endpoint.Host}:{_endpoint.Port}/v1.41/{path}");

    /// <summary>Builds through the engine's API; returns the time to the first byte.</summary>
    public Task<TimeSpan> BuildAsync(string query, byte[] context) => Measure.FirstByteAsync(_http, "build?" + query, context);

    public Task ListAsync() => ReadAsync("containers/json");

    public Task StatisticsAsync(string id) => ReadAsync($"containers/{id}/stats?stream=false&one-shot=true");

    public Task TopAsync(string id) => ReadAsync($"containers/{id}/top");

    public Task InspectAllAsync() => Task.WhenAll(Ids.Select(id => ReadAsync($"containers/{id}/json")));

    /// <summary>Reads the nine fields: the list, then statistics and <c>top</c> in parallel.</summary>
    public async Task NineFieldsAsync(int topsAtOnce)
    {
        await ListAsync();
        using var gate = new SemaphoreSlim(topsAtOnce);
        await Task.WhenAll(Ids.Select(StatisticsAsync).Concat(Ids.Select(async id =>
        {
            await gate.WaitAsync();
            try
            {
                await TopAsync(id);
            }
            finally
            {
                gate.Release();
            }
        })));
    }

    public async ValueTask DisposeAsync()
    {
        var built = JsonSerializer.Serialize(new Dictionary<string, string[]> { ["dangling"] = ["true"], ["label"] = [RunLabel] });
        using var pruned = await _http.PostAsync("images/prune?filters=" + Uri.EscapeDataString(built), null);
        await RemoveAsync();
        _http.Dispose();
    }

    /// <summary>Removes everything with this run's label, also after a failed start.</summary>
    public async Task RemoveAsync()
    {
        var filter = Uri.EscapeDataString($$"""{"label":["{{RunLabel}}"]}""");
        var left = (await _http.GetFromJsonAsync<JsonArray>($"containers/json?all=1&filters={filter}"))!;
        await Parallel.ForEachAsync(left, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (container, token) =>
        {
            using var removed = await _http.DeleteAsync($"containers/{container!["Id"]}?force=1", token);
        });
        using var gone = await _http.DeleteAsync($"images/{Image}");
    }

    /// <summary>The engine's version for the head of a report.</summary>
    public async Task<string> VersionAsync()
    {
        var version = (await _http.GetFromJsonAsync<JsonObject>("version"))!;
        return $"Docker Engine {version["Version"]}, API {version["ApiVersion"]}, kernel {version["KernelVersion"]}";
    }

    private async Task ReadAsync(string path)
    {
        using var response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        await response.Content.CopyToAsync(Stream.Null);
        response.EnsureSuccessStatusCode();
    }
}
