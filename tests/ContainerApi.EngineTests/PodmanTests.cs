namespace ContainerApi.EngineTests;

/// <summary>Containers and images of Podman 5.4. These tests run on Podman only.</summary>
[Collection(EngineCollection.Name)]
[Trait("Category", "Podman")]
public sealed class PodmanTests(EngineFixture fixture) : ImageCalls(fixture)
{
    private static readonly string[] Sleep = ["sleep", "1000"];

    [Fact]
    public async Task Engines_returns_the_limits_of_the_API_version_of_Podman()
    {
        var engine = (await GetAsync("/engines"))["items"]![0]!;

        Assert.Contains(engine["limitations"]!.AsArray(), l => Text(l!, "feature") == "health_in_list");
    }

    [Fact]
    public async Task List_returns_the_fields_of_a_running_container()
    {
        var name = Fixture.UniqueName("fields");
        var id = await Fixture.CreateAsync(new { Cmd = Sleep, Labels = new Dictionary<string, string> { ["key"] = "a=b" } }, name);

        var item = Assert.Single(await ListAsync($"name={name}"));

        Assert.Equal((id, id[..12], name), (Text(item, "id"), Text(item, "shortId"), Text(item, "name")));
        Assert.Equal(("docker.io/" + Fixture.Image, "running"), (Text(item, "image"), Text(item, "state")));
        Assert.Equal("a=b", Text(item["labels"]!, "key"));
        Assert.StartsWith("Up ", Text(item, "status"), StringComparison.Ordinal);
        Assert.Equal("podman", Text(Assert.Single(item["networks"]!.AsArray())!, "name"));
        Assert.Equal("sleep 1000", Text(Assert.Single(item["processes"]!["items"]!.AsArray())!, "command"));
        Assert.All(new[] { "processes", "network", "usage" }, s => Assert.Equal(("ok", "host"), (Text(item[s]!, "state"), Text(item[s]!, "source"))));
    }

    [Fact]
    public async Task List_has_published_ports_and_no_exposed_ones()
    {
        var id = await Fixture.CreateAsync(new
        {
            Cmd = Sleep,
            ExposedPorts = new Dictionary<string, object> { ["80/tcp"] = new(), ["53/udp"] = new() },
            HostConfig = new { PortBindings = new Dictionary<string, object> { ["80/tcp"] = new[] { new { HostPort = "" } } } },
        });

        var port = Assert.Single((await GetAsync($"/containers/{id}?include=none"))["ports"]!.AsArray())!;

        Assert.Equal(80, port["containerPort"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("none", "none")]
    [InlineData("host", "host")]
    [InlineData(null, null)]
    public async Task Network_mode_is_known_for_host_and_none(string? network, string? mode)
    {
        var id = await Fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = network ?? "default" } });

        Assert.Equal(mode, (await GetAsync($"/containers/{id}"))["network"]!["mode"]?.GetValue<string>());
    }

    [Fact]
    public async Task The_default_list_has_paused_containers()
    {
        var name = Fixture.UniqueName("paused");
        var id = await Fixture.SleepAsync(name);
        await Fixture.PostAsync($"containers/{id}/pause");
        try
        {
            Assert.Equal("paused", Text(Assert.Single(await ListAsync($"name={name}")), "state"));
        }
        finally
        {
            await Fixture.PostAsync($"containers/{id}/unpause");
        }
    }

    [Fact]
    public async Task The_image_filter_leaves_out_containers_of_descendants()
    {
        var (parent, tag) = (await Fixture.SleepAsync(start: false), Tag());
        await CommitAsync(new { container = parent, tag, changes = new[] { MyLabel } });
        var child = await Fixture.CreateAsync(new { Image = tag, Cmd = Sleep }, start: false);

        var found = await ListAsync($"all=true&include=none&image={Fixture.Image}");

        Assert.Contains(found, i => Text(i, "id") == parent);
        Assert.DoesNotContain(found, i => Text(i, "id") == child);
    }

    [Theory]
    [InlineData("network=host")]
    [InlineData("health=none")]
    public async Task Some_filters_find_nothing(string filter)
    {
        await Fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "host" } });

        Assert.Empty(await ListAsync($"include=none&{filter}"));
    }

    [Fact]
    public async Task Filter_by_state_restarting_returns_502()
    {
        using var response = await Fixture.Client.GetAsync("/containers?state=restarting");

        await ProblemAsync(response, HttpStatusCode.BadGateway, "engine_error");
    }

    [Fact]
    public async Task Commit_has_a_registry_in_its_name()
    {
        var id = await Fixture.SleepAsync(start: false);
        var tag = Tag();

        var image = await CommitAsync(new { container = id, tag, changes = new[] { MyLabel, "ENV A=1", "USER 1000", "WORKDIR /tmp" } });

        Assert.Equal(["docker.io/" + tag], Texts((await GetAsync($"/images/{Text(image, "id")}"))["tags"]));
        var config = (await InspectAsync(tag))["Config"]!;
        Assert.Contains("A=1", Texts(config["Env"]));
        Assert.Equal(("1000", "/tmp"), (Text(config, "User"), Text(config, "WorkingDir")));
    }

    [Fact]
    public async Task Dry_run_shows_variables_of_Podman()
    {
        var id = await Fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "echo x > /tmp/x; sleep 1000" } });

        using var response = await Fixture.Client.PostAsJsonAsync("/images/commit", new { container = id, dryRun = true });
        var preview = await ReadAsync(response, HttpStatusCode.OK);

        Assert.NotNull(preview["preview"]!["environment"]!["HOSTNAME"]);
    }

    [Fact]
    public async Task Pull_ends_with_the_image_id_and_without_a_digest()
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run);

        var lines = await Fixture.StreamAsync("/images/pull", new { image = registry.Reference });

        Assert.Equal(("succeeded", registry.ImageId), (Text(lines[^1], "state"), Text(lines[^1], "imageId")));
        Assert.Null(lines[^1]["digest"]);
        Assert.DoesNotContain(lines, l => l["currentBytes"] is not null);
    }

    [Fact]
    public async Task Push_ends_with_the_digest_of_the_registry()
    {
        await using var registry = await DebianRegistry.StartAsync();
        var image = await Fixture.TagAsync(registry.Host);

        var lines = await Fixture.StreamAsync("/images/push", new { image });

        Assert.Equal("succeeded", Text(lines[^1], "state"));
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add(
            "Accept", "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json");
        using var byDigest = await client.GetAsync($"http://{registry.Host}/v2/team/app/manifests/{Text(lines[^1], "digest")}");
        Assert.Equal(HttpStatusCode.OK, byDigest.StatusCode);
    }

    [Theory]
    [InlineData(true, 403, "registry_unauthorized")]
    [InlineData(false, 503, "registry_unavailable")]
    public async Task Refused_push_returns_a_problem_and_no_stream(bool isRunning, int status, string code)
    {
        await using var registry = await DebianRegistry.StartAsync(closed: true);
        var image = await Fixture.TagAsync(isRunning ? registry.Host : "127.0.0.1:1");

        using var response = await Fixture.Client.PostAsJsonAsync("/images/push", new { image });

        await ProblemAsync(response, (HttpStatusCode)status, code);
    }

    [Theory]
    [InlineData("/images/push", "127.0.0.1:1/team/nothing:v1", 404, "image_not_found")]
    [InlineData("/images/pull", "127.0.0.1:1/team/nothing:v1", 503, "registry_unavailable")]
    public async Task Missing_image_returns_a_problem(string path, string image, int status, string code)
    {
        using var response = await Fixture.Client.PostAsJsonAsync(path, new { image });

        await ProblemAsync(response, (HttpStatusCode)status, code);
    }

    private async Task<JsonNode> GetAsync(string address)
    {
        using var response = await Fixture.Client.GetAsync(address);
        return await ReadAsync(response, HttpStatusCode.OK);
    }

    private async Task<IReadOnlyList<JsonNode>> ListAsync(string query) =>
        [.. (await GetAsync("/containers?" + query))["items"]!.AsArray().Select(i => i!)];
}
