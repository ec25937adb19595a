using System.Formats.Tar;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using ContainerApi.Engine;
using ContainerApi.Engine.Docker;

namespace ContainerApi.Benchmarks;

/// <summary>The real engine, by its own API and as fast as that goes, with containers of this run's own.</summary>
internal sealed class EngineUnderTest : IAsyncDisposable
{
    private const string Label = "containerapi.benchmark";
    private static readonly string Run = Guid.NewGuid().ToString("n")[..12];
    private static readonly string Image = "containerapi-benchmark/busybox:" + Run;
    private readonly HttpClient _http;

    /// <summary>The label, <c>key=value</c>, of what this run makes; untagged images with it go at its end.</summary>
    public static string Mark => $"{Label}={Run}";

    public EngineUnderTest()
    {
        EndpointText = Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host ? host : EngineEndpoint.Default;
        if (!EngineEndpoint.TryParse(EndpointText, out var endpoint))
        {
            throw new InvalidOperationException("DOCKER_HOST is not an endpoint: " + EndpointText);
        }

        _http = new HttpClient(EngineTransport.CreateHandler(endpoint, TimeSpan.FromSeconds(5))) { BaseAddress = new Uri("http://engine/v1.41/") };
    }

    public string EndpointText { get; }

    public IReadOnlyList<string> Ids { get; private set; } = [];

    /// <summary>Starts this many containers: each with a process that waits and a network of its own.</summary>
    public async Task StartContainersAsync(int count)
    {
        await ImportImageAsync();
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

    /// <summary>One image of this run's own, to build on.</summary>
    public async Task<string> BaseAsync()
    {
        await ImportImageAsync();
        return Image;
    }

    /// <summary>Builds by the engine's own call, read to the end; returns when its first byte was there.</summary>
    public Task<TimeSpan> BuildAsync(string query, byte[] context) => Measure.FirstByteAsync(_http, "build?" + query, context);

    public Task ListAsync() => ReadAsync("containers/json");

    public Task StatisticsAsync(string id) => ReadAsync($"containers/{id}/stats?stream=false&one-shot=true");

    public Task TopAsync(string id) => ReadAsync($"containers/{id}/top");

    /// <summary>The nine fields, as fast as the API gives them: the list, then all statistics at once beside so many <c>top</c> at a time.</summary>
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
        foreach (var id in Ids)
        {
            using var removed = await _http.DeleteAsync($"containers/{id}?force=1");
        }

        var built = JsonSerializer.Serialize(new Dictionary<string, string[]> { ["dangling"] = ["true"], ["label"] = [Mark] });
        using var pruned = await _http.PostAsync("images/prune?filters=" + Uri.EscapeDataString(built), null);
        using var gone = await _http.DeleteAsync($"images/{Image}");
        _http.Dispose();
    }

    private async Task ReadAsync(string path)
    {
        using var response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        await response.Content.CopyToAsync(Stream.Null);
        response.EnsureSuccessStatusCode();
    }

    private async Task ImportImageAsync()
    {
        using var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, "bin/") { Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute });
            await using var binary = File.OpenRead("/bin/busybox");
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "bin/sleep") { Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute, DataStream = binary });
        }

        tar.Position = 0;
        var path = Uri.EscapeDataString("ENV PATH=/bin");
        using var imported = await _http.PostAsync($"images/create?fromSrc=-&repo=containerapi-benchmark/busybox&tag={Run}&changes={path}", new StreamContent(tar));
        imported.EnsureSuccessStatusCode();
    }
}
