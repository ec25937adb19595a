namespace ContainerApi.EngineTests;

/// <summary>A scoped key on an engine that has other containers too.</summary>
[Collection(EngineCollection.Name)]
public sealed class ScopedKeyTests(EngineFixture fixture) : ScopedKeyCalls(fixture)
{
    [Fact]
    public async Task Scoped_key_sees_and_changes_only_its_own_containers()
    {
        var foreignName = Fixture.UniqueName("foreign");
        // This image has one user, the only reason for the 409.
        var image = Fixture.UniqueName("used") + ":1";
        using var built = await Fixture.Client.PostAsync(
            $"/images/build?stream=false&tag={image}&label={EngineFixture.Label}={Fixture.Run}",
            new StringContent($"FROM {Fixture.Image}\nLABEL own={image}\n", Encoding.UTF8, "text/x-dockerfile"));
        Assert.Equal(HttpStatusCode.Created, built.StatusCode);
        var foreign = await Fixture.CreateAsync(new { Image = image, Cmd = Sleep }, foreignName);
        var name = Fixture.UniqueName("mine");
        var mine = await MineAsync(Sleep, name);

        var list = JsonNode.Parse(await Bound.GetStringAsync("/containers?all=true"))!;
        var engine = JsonNode.Parse(await Bound.GetStringAsync("/engines/local"))!;
        var metrics = await Bound.GetStringAsync("/metrics/containers");
        using var watch = new StreamReader(await Bound.GetStreamAsync("/containers/watch?all=true"));
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
                using var refused = await Bound.SendAsync(new HttpRequestMessage(HttpMethod.Parse(method), $"/containers/{reference}{path}"));
                Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
            }
        }

        using var committed = await Bound.PostAsJsonAsync("/images/commit", new { container = foreign, tag = "stolen" });
        using var removed = await Bound.DeleteAsync($"/images/{image}");
        var words = await removed.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.NotFound, committed.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, removed.StatusCode);
        Assert.DoesNotContain(foreign[..12], words);
        Assert.True(await IsRunningAsync(foreign));
    }

    [Fact]
    public async Task Scoped_key_labels_its_containers_and_joins_no_foreign_network()
    {
        var foreign = await Fixture.SleepAsync();

        using var joined = await Bound.PostAsJsonAsync("/containers", new { image = Fixture.Image, networkMode = "container:" + foreign });
        using var made = await Bound.PostAsJsonAsync("/containers", new
        {
            image = Fixture.Image,
            command = "sleep 100",
            labels = new Dictionary<string, string> { [EngineFixture.Label] = Fixture.Run },
            start = true,
        });
        var id = JsonNode.Parse(await made.Content.ReadAsStringAsync())!["id"]!.GetValue<string>();
        var seen = JsonNode.Parse(await Bound.GetStringAsync("/containers"))!;

        Assert.Equal(HttpStatusCode.NotFound, joined.StatusCode);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Contains(id, seen["items"]!.AsArray().Select(c => Text(c!, "id")));
    }

    [Fact]
    public async Task Requests_without_a_key_return_401()
    {
        using var client = Service.CreateClient();

        using var list = await client.GetAsync("/containers");
        using var alive = await client.GetAsync("/healthz");

        Assert.Equal(HttpStatusCode.Unauthorized, list.StatusCode);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }
}
