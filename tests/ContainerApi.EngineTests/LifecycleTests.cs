namespace ContainerApi.EngineTests;

/// <summary>The lifecycle of containers; the engine's API gives the expected values.</summary>
[Collection(EngineCollection.Name)]
public sealed class LifecycleTests(EngineFixture fixture)
{
    private Dictionary<string, string> Mine => new() { [EngineFixture.Label] = fixture.Run };

    [Fact]
    public async Task Create_applies_all_fields_and_returns_id_and_name()
    {
        var name = fixture.UniqueName("made");

        using var response = await fixture.Client.PostAsJsonAsync("/containers", new
        {
            image = fixture.Image,
            name,
            command = """sh -c "echo 'a b'; sleep 100" """,
            environment = new[] { "A=1=2", "B=" },
            labels = new Dictionary<string, string>(Mine) { ["with.equals"] = "x=y", ["日本"] = "語" },
            ports = new object[] { "127.0.0.1::80", "[::1]::81/udp", new { containerPort = 82 }, "83-84" },
            start = true,
        });

        var created = await ReadAsync(response, HttpStatusCode.Created);
        var id = Text(created, "id");
        Assert.Equal((name, 64), (Text(created, "name"), id.Length));
        Assert.Equal($"/containers/{id}", response.Headers.Location!.ToString());
        Assert.Empty(created["warnings"]!.AsArray());
        var real = await fixture.InspectAsync(id);
        Assert.Equal("/" + name, Text(real, "Name"));
        Assert.True(real["State"]!["Running"]!.GetValue<bool>());
        Assert.Equal(["sh", "-c", "echo 'a b'; sleep 100"], Texts(real["Config"]!["Cmd"]!));
        Assert.Equal(["A=1=2", "B="], Texts(real["Config"]!["Env"]!).Where(e => !e.StartsWith("PATH=", StringComparison.Ordinal)));
        Assert.Equal(("x=y", "語"), (Text(real["Config"]!["Labels"]!, "with.equals"), Text(real["Config"]!["Labels"]!, "日本")));
        var published = real["NetworkSettings"]!["Ports"]!.AsObject();
        Assert.Equal(["80/tcp", "81/udp", "82/tcp", "83/tcp", "84/tcp"], published.Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.All(published, p => Assert.InRange(int.Parse(p.Value![0]!["HostPort"]!.GetValue<string>(), null), 1, 65535));
        Assert.Equal(("127.0.0.1", "::1"), (Text(published["80/tcp"]![0]!, "HostIp"), Text(published["81/udp"]![0]!, "HostIp")));
    }

    [Fact]
    public async Task Create_without_start_and_name_uses_the_engine_defaults()
    {
        var created = await CreateAsync(new { image = fixture.Image, command = new[] { "sleep", "100" }, labels = Mine, networkMode = "none" });

        var real = await fixture.InspectAsync(Text(created, "id"));
        Assert.Equal("created", Text(real["State"]!, "Status"));
        Assert.Equal("none", Text(real["HostConfig"]!, "NetworkMode"));
        Assert.Equal("/" + Text(created, "name"), Text(real, "Name"));
    }

    [Fact]
    public async Task Start_stop_and_restart_are_idempotent()
    {
        var name = fixture.UniqueName("life");
        var id = await fixture.SleepAsync(name, start: false);

        await PostAsync($"/containers/{name}/stop");
        Assert.Equal("created", await fixture.StateAsync(id));
        await PostAsync($"/containers/{name}/start");
        var started = await StartedAsync(id);
        await PostAsync($"/containers/{id[..12]}/start");
        Assert.Equal(started, await StartedAsync(id));
        await PostAsync($"/containers/{id}/restart?timeout=0");
        Assert.NotEqual(started, await StartedAsync(id));
        Assert.Equal("running", await fixture.StateAsync(id));
        await PostAsync($"/containers/{name}/stop?timeout=0");
        Assert.Equal("exited", await fixture.StateAsync(id));
        await PostAsync($"/containers/{name}/stop?timeout=0");
        await PostAsync($"/containers/{name}/restart");
        Assert.Equal("running", await fixture.StateAsync(id));
    }

    [Fact]
    public async Task Stop_with_timeout_0_kills_at_once()
    {
        // sleep ignores SIGTERM as the first process: a stop without a timeout would take 10 seconds.
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, StopTimeout = 60 });

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var response = await fixture.Client.PostAsync($"/containers/{id}/stop?timeout=0", null, limit.Token);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(137, (await fixture.InspectAsync(id))["State"]!["ExitCode"]!.GetValue<int>());
    }

    [Fact]
    public async Task Removal_of_a_running_container_needs_force()
    {
        var id = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, Volumes = new Dictionary<string, object> { ["/data"] = new() } });
        var volume = (await fixture.InspectAsync(id))["Mounts"]![0]!["Name"]!.GetValue<string>();

        using var refused = await fixture.Client.DeleteAsync($"/containers/{id}?force=false");
        await ProblemAsync(refused, HttpStatusCode.Conflict, "conflict");
        Assert.Equal("running", await fixture.StateAsync(id));
        using var removed = await fixture.Client.DeleteAsync($"/containers/{id}?force=true&volumes=true");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var again = await fixture.Client.DeleteAsync($"/containers/{id}?force=true");
        await ProblemAsync(again, HttpStatusCode.NotFound, "container_not_found");
        using var volumeLeft = await fixture.Engine.GetAsync($"volumes/{volume}");
        Assert.Equal(HttpStatusCode.NotFound, volumeLeft.StatusCode);
    }

    [Fact]
    public async Task Removal_without_volumes_keeps_anonymous_volumes()
    {
        var id = await fixture.CreateAsync(
            new { Cmd = new[] { "sleep", "1" }, Volumes = new Dictionary<string, object> { ["/data"] = new() } }, start: false);
        await fixture.PostAsync($"containers/{id}/start");
        var volume = (await fixture.InspectAsync(id))["Mounts"]![0]!["Name"]!.GetValue<string>();

        using var removed = await fixture.Client.DeleteAsync($"/containers/{id}?volumes=false&force=1");

        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var gone = await fixture.Engine.DeleteAsync($"volumes/{volume}");
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
    }

    [Fact]
    public async Task Concurrent_removals_of_a_container_all_succeed()
    {
        var id = await fixture.SleepAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            using var response = await fixture.Client.DeleteAsync($"/containers/{id}?force=true");
            return response.StatusCode;
        }));

        // A late caller gets a 404.
        Assert.All(answers, a => Assert.True(a is HttpStatusCode.NoContent or HttpStatusCode.NotFound, a.ToString()));
        Assert.Contains(HttpStatusCode.NoContent, answers);
        await fixture.AssertNoContainerAsync(id);
    }

    [Fact]
    public async Task A_name_already_in_use_returns_409_name_in_use()
    {
        var name = fixture.UniqueName("taken");
        await fixture.SleepAsync(name, start: false);

        using var response = await PostContainerAsync(new { image = fixture.Image, command = "sleep 1", name, labels = Mine });

        await ProblemAsync(response, HttpStatusCode.Conflict, "name_in_use");
    }

    [Theory]
    [InlineData("no-such-program", null, null, 400, "invalid_request")]
    [InlineData("sleep 1", "no-such-network", null, 404, "not_found")]
    [InlineData("sleep 1", "container:no-such-container", null, 404, "container_not_found")]
    [InlineData("sleep 1", null, "127.0.0.1:1/no/image:v1", 502, "engine_error")]
    public async Task A_container_that_cannot_be_created_or_started_does_not_remain(
        string command, string? network, string? image, int status, string code)
    {
        var name = fixture.UniqueName("unstartable");

        using var response = await PostContainerAsync(
            new { image = image ?? fixture.Image, command, name, networkMode = network, labels = Mine, start = true });

        await ProblemAsync(response, (HttpStatusCode)status, code);
        await fixture.AssertNoContainerAsync(name);
    }

    [Fact]
    public async Task A_host_port_in_use_returns_409_and_leaves_no_container()
    {
        var holder = await CreateAsync(
            new { image = fixture.Image, command = "sleep 1000", labels = Mine, ports = new[] { "127.0.0.1::80" }, start = true });
        var port = (await fixture.InspectAsync(Text(holder, "id")))["NetworkSettings"]!["Ports"]!["80/tcp"]![0]!["HostPort"];
        var name = fixture.UniqueName("no-port");

        using var response = await PostContainerAsync(
            new { image = fixture.Image, command = "sleep 1000", name, labels = Mine, ports = new[] { $"127.0.0.1:{port}:80" }, start = true });

        await ProblemAsync(response, HttpStatusCode.Conflict, "conflict");
        await fixture.AssertNoContainerAsync(name);
    }

    [Fact]
    public async Task Create_pulls_a_missing_image_unless_pull_is_never()
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, fixture.Run);

        using var never = await PostContainerAsync(new { image = registry.Reference, labels = Mine, pull = "never" });
        await ProblemAsync(never, HttpStatusCode.NotFound, "image_not_found");
        var created = await CreateAsync(new { image = registry.Reference, labels = Mine });

        Assert.Contains((await fixture.InspectAsync(Text(created, "id")))["Image"]!.GetValue<string>(), registry.Ids);
        await CreateAsync(new { image = registry.Reference, labels = Mine, pull = "always" });
    }

    private Task<HttpResponseMessage> PostContainerAsync(object request) => fixture.Client.PostAsJsonAsync("/containers", request);

    private async Task<JsonNode> CreateAsync(object request)
    {
        using var response = await PostContainerAsync(request);
        return await ReadAsync(response, HttpStatusCode.Created);
    }

    private async Task PostAsync(string address)
    {
        using var response = await fixture.Client.PostAsync(address, null);
        Assert.True(response.StatusCode == HttpStatusCode.NoContent, $"{address}: {await response.Content.ReadAsStringAsync()}");
    }

    private async Task<string> StartedAsync(string id) => (await fixture.InspectAsync(id))["State"]!["StartedAt"]!.GetValue<string>();
}
