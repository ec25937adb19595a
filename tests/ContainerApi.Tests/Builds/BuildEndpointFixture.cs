using System.Formats.Tar;
using System.Net.Http.Headers;
using ContainerApi.Tests.Builds.Contexts;

namespace ContainerApi.Tests.Builds;

/// <summary>The service with an engine that builds what it gets.</summary>
public abstract class BuildEndpointFixture : IDisposable
{
    private protected const string Image = BuiltContext.Image;
    private protected readonly string _root = Directory.CreateTempSubdirectory("containerapi-root-").FullName;
    private protected readonly FakeEngine _engine = new();
    private protected readonly ApiHost _api;
    private protected readonly BuiltContext _built = new();

    protected BuildEndpointFixture()
    {
        _engine.Build = _built.BuildAsync;
        _engine.InspectImage = (id, _) =>
            Task.FromResult(BuildApi.Details(id, [.. (_built.Spec?.Tags ?? []).Select(t => t.ToString())]));
        var settings = new Dictionary<string, string?>
        {
            ["Builds:ContextRoots:0"] = _root,
            ["Builds:RemoteContexts:0"] = "https://git.example.com/team/",
            ["Builds:MaxContextBytes"] = "2000000",
            ["Builds:Timeout"] = "00:10:00",
        };
        _api = new ApiHost(settings, _engine);
    }

    public void Dispose()
    {
        _api.Dispose();
        Directory.Delete(_root, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected static async IAsyncEnumerable<BuildFact> Facts(params IReadOnlyList<BuildFact> facts)
    {
        await Task.Yield();
        foreach (var fact in facts)
        {
            yield return fact;
        }
    }

    private protected Task<HttpResponseMessage> PostJsonAsync(string json) => PostAsync("", Encoding.UTF8.GetBytes(json), "application/json");

    private protected async Task<HttpResponseMessage> PostAsync(string query, byte[] body, string? type)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return await _api.Client.PostAsync("/images/build" + (query.Length > 0 ? "?" + query : ""), content);
    }

    private protected static async Task<IReadOnlyList<JsonElement>> LinesAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        response.Dispose();
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private protected static byte[] Tar(params (string Name, string Text)[] more)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, text) in more.Prepend(("Dockerfile", "FROM scratch\n")))
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
            }
        }

        return archive.ToArray();
    }

    private protected static ContainerFacts Container(string name) => new()
    {
        Id = new string('a', 64),
        Name = name,
        Image = "x",
        ImageId = Image,
        CreatedAt = DateTimeOffset.UnixEpoch,
        State = ContainerStates.Running,
    };

    /// <summary>A body of unknown length.</summary>
    private protected sealed class Unseekable(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
