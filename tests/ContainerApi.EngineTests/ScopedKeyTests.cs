using System.Security.Cryptography;
using Microsoft.AspNetCore.Mvc.Testing;

namespace ContainerApi.EngineTests;

/// <summary>A scoped key on an engine that has other containers too.</summary>
[Collection(EngineCollection.Name)]
public sealed class ScopedKeyTests : IAsyncLifetime
{
    private const string Key = "a key of this test's own";

    private static readonly string[] Scopes =
    [
        "containers:read", "containers:write", "images:read", "images:write", "builds:read", "builds:write", "engines:read", "metrics:read",
    ];

    private readonly EngineFixture _fixture;
    private readonly string _team = "team-" + Guid.NewGuid().ToString("n")[..8];
    private readonly WebApplicationFactory<Program> _service;
    private readonly HttpClient _bound;

    public ScopedKeyTests(EngineFixture fixture)
    {
        _fixture = fixture;
        (_service, _bound) = fixture.StartService("bound.db", builder =>
        {
            builder.UseSetting("Security:ApiKeys:0:Name", "bound");
            builder.UseSetting("Security:ApiKeys:0:Hash", "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key))));
            builder.UseSetting("Security:ApiKeys:0:Labels:0", "team=" + _team);
            foreach (var (n, scope) in Scopes.Index())
            {
                builder.UseSetting($"Security:ApiKeys:0:Scopes:{n}", scope);
            }
        });
        _bound.DefaultRequestHeaders.Add("X-Api-Key", Key);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _bound.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task A_scoped_key_sees_and_changes_only_its_own_containers()
    {
        var foreignName = _fixture.UniqueName("foreign");
        // This image has one user, the only reason for the 409.
        var image = _fixture.UniqueName("used") + ":1";
        using var built = await _fixture.Client.PostAsync(
            $"/images/build?stream=false&tag={image}&label={EngineFixture.Label}={_fixture.Run}",
            new StringContent($"FROM {_fixture.Image}\nLABEL own={image}\n", Encoding.UTF8, "text/x-dockerfile"));
        Assert.Equal(HttpStatusCode.Created, built.StatusCode);
        var foreign = await _fixture.CreateAsync(new { Image = image, Cmd = new[] { "sleep", "100" } }, foreignName);
        var name = _fixture.UniqueName("mine");
        var mine = await _fixture.CreateAsync(
            new { Cmd = new[] { "sleep", "100" }, Labels = new Dictionary<string, string> { ["team"] = _team } }, name);

        var list = JsonNode.Parse(await _bound.GetStringAsync("/containers?all=true"))!;
        var engine = JsonNode.Parse(await _bound.GetStringAsync("/engines/local"))!;
        var metrics = await _bound.GetStringAsync("/metrics/containers");
        using var watch = new StreamReader(await _bound.GetStreamAsync("/containers/watch?all=true"));
        var snapshot = (await watch.ReadLineAsync())!;

        Assert.Equal([mine], list["items"]!.AsArray().Select(c => Text(c!, "id")));
        Assert.Equal(1, list["total"]!.GetValue<int>());
        Assert.Equal(1, engine["containers"]!["total"]!.GetValue<int>());
        Assert.Contains(name, metrics);
        Assert.DoesNotContain(foreignName, metrics);
        Assert.Contains(mine, snapshot);
        Assert.DoesNotContain(foreign, snapshot);
        foreach (var (method, path) in new[]
        {
            ("GET", ""), ("GET", "/processes"), ("GET", "/stats"), ("POST", "/start"), ("POST", "/stop"), ("POST", "/restart"),
            ("POST", "/pause"), ("POST", "/unpause"), ("POST", "/kill"), ("POST", "/rename?name=renamed"), ("DELETE", "?force=true"),
        })
        {
            foreach (var reference in new[] { foreign, foreign[..12], foreignName })
            {
                using var refused = await _bound.SendAsync(new HttpRequestMessage(HttpMethod.Parse(method), $"/containers/{reference}{path}"));
                Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
            }
        }

        using var committed = await _bound.PostAsJsonAsync("/images/commit", new { container = foreign, tag = "stolen" });
        using var removed = await _bound.DeleteAsync($"/images/{image}");
        var words = await removed.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.NotFound, committed.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, removed.StatusCode);
        Assert.DoesNotContain(foreign[..12], words);
        Assert.True(await IsRunningAsync(foreign));
    }

    [Fact]
    public async Task A_scoped_key_labels_its_containers_and_joins_no_foreign_network()
    {
        var foreign = await _fixture.CreateAsync(new { Cmd = new[] { "sleep", "100" } });

        using var joined = await _bound.PostAsJsonAsync("/containers", new { image = _fixture.Image, networkMode = "container:" + foreign });
        using var made = await _bound.PostAsJsonAsync("/containers", new
        {
            image = _fixture.Image,
            command = "sleep 100",
            labels = new Dictionary<string, string> { [EngineFixture.Label] = _fixture.Run },
            start = true,
        });
        var id = JsonNode.Parse(await made.Content.ReadAsStringAsync())!["id"]!.GetValue<string>();
        var seen = JsonNode.Parse(await _bound.GetStringAsync("/containers"))!;

        Assert.Equal(HttpStatusCode.NotFound, joined.StatusCode);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Contains(id, seen["items"]!.AsArray().Select(c => Text(c!, "id")));
    }

    [Fact]
    public async Task Requests_without_a_key_return_401()
    {
        using var client = _service.CreateClient();

        using var list = await client.GetAsync("/containers");
        using var alive = await client.GetAsync("/healthz");

        Assert.Equal(HttpStatusCode.Unauthorized, list.StatusCode);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    private async Task<bool> IsRunningAsync(string id) =>
        (await _fixture.Engine.GetFromJsonAsync<JsonObject>($"containers/{id}/json"))!["State"]!["Running"]!.GetValue<bool>();
}
