namespace ContainerApi.EngineTests;

/// <summary>New containers; the engine's API gives the expected values.</summary>
[Collection(EngineCollection.Name)]
public sealed class CreateTests(EngineFixture fixture) : ContainerCalls(fixture)
{
    [Fact]
    public async Task Create_applies_all_fields_and_returns_id_and_name()
    {
        var name = Fixture.UniqueName("made");

        using var response = await Fixture.Client.PostAsJsonAsync("/containers", new
        {
            image = Fixture.Image,
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
        var real = await Fixture.InspectAsync(id);
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
    public async Task Create_applies_limits_and_the_process_options()
    {
        var created = await CreateAsync(new
        {
            image = Fixture.Image,
            entrypoint = new[] { "sleep" },
            command = "1000",
            user = "1234:5678",
            workingDir = "/tmp",
            hostname = "web.local",
            restart = "on-failure:3",
            memory = "64m",
            cpus = 0.5,
            pidsLimit = 50,
            environment = new Dictionary<string, object> { ["PORT"] = 8080 },
            ports = new object[] { 80, "127.0.0.1:0:81", "127.0.0.1:20000-20999:82/UDP" },
            labels = Mine,
            start = true,
        });

        var real = await Fixture.InspectAsync(Text(created, "id"));
        var (config, host) = (real["Config"]!, real["HostConfig"]!);
        Assert.Equal(["sleep", "1000"], Texts(config["Entrypoint"]!).Concat(Texts(config["Cmd"]!)));
        Assert.Equal(("1234:5678", "/tmp", "web.local"), (Text(config, "User"), Text(config, "WorkingDir"), Text(config, "Hostname")));
        Assert.Contains("PORT=8080", Texts(config["Env"]!));
        Assert.Equal(
            ("on-failure", 3), (Text(host["RestartPolicy"]!, "Name"), host["RestartPolicy"]!["MaximumRetryCount"]!.GetValue<int>()));
        Assert.Equal(
            (64L << 20, 500_000_000L, 50L),
            (host["Memory"]!.GetValue<long>(), host["NanoCpus"]!.GetValue<long>(), host["PidsLimit"]!.GetValue<long>()));
        Assert.False(host["Privileged"]!.GetValue<bool>());
        var published = real["NetworkSettings"]!["Ports"]!.AsObject();
        Assert.InRange(int.Parse(Text(published["82/udp"]![0]!, "HostPort"), null), 20000, 20999);
        Assert.All(["80/tcp", "81/tcp"], p => Assert.NotEqual("0", Text(published[p]![0]!, "HostPort")));
    }

    [Fact]
    public async Task Create_without_start_and_name_uses_the_engine_defaults()
    {
        var created = await CreateAsync(new { image = Fixture.Image, command = new[] { "sleep", "100" }, labels = Mine, networkMode = "none" });

        var real = await Fixture.InspectAsync(Text(created, "id"));
        Assert.Equal("created", Text(real["State"]!, "Status"));
        Assert.Equal("none", Text(real["HostConfig"]!, "NetworkMode"));
        Assert.Equal("/" + Text(created, "name"), Text(real, "Name"));
    }

    [Theory]
    [InlineData("/no/such/program", null, "\"/no/such/program\": no such file or directory")]
    [InlineData("no-such-program", null, "\"no-such-program\": executable file not found")]
    [InlineData("/etc", null, "\"/etc\": ")]
    [InlineData("sleep 1", "no-such-user", "no-such-user")]
    public async Task Start_that_fails_names_what_is_missing(string command, string? user, string reason)
    {
        var created = await CreateAsync(new { image = Fixture.Image, command, user, labels = Mine });

        using var response = await Fixture.Client.PostAsync($"/containers/{Text(created, "id")}/start", null);

        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains(reason, Text(problem, "detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Name_already_in_use_returns_409_name_in_use()
    {
        var name = Fixture.UniqueName("taken");
        await Fixture.SleepAsync(name, start: false);

        using var response = await PostContainerAsync(new { image = Fixture.Image, command = "sleep 1", name, labels = Mine });

        await ProblemAsync(response, HttpStatusCode.Conflict, "name_in_use");
    }

    [Theory]
    [InlineData("no-such-program", null, null, 400, "invalid_request")]
    [InlineData("sleep 1", "no-such-network", null, 404, "not_found")]
    [InlineData("sleep 1", "container:no-such-container", null, 404, "container_not_found")]
    [InlineData("sleep 1", null, "127.0.0.1:1/no/image:v1", 503, "registry_unavailable")]
    public async Task Container_that_cannot_be_created_or_started_does_not_remain(
        string command, string? network, string? image, int status, string code)
    {
        var name = Fixture.UniqueName("unstartable");

        using var response = await PostContainerAsync(
            new { image = image ?? Fixture.Image, command, name, networkMode = network, labels = Mine, start = true });

        await ProblemAsync(response, (HttpStatusCode)status, code);
        await Fixture.AssertNoContainerAsync(name);
    }

    [Fact]
    public async Task Host_port_in_use_returns_409_and_leaves_no_container()
    {
        var holder = await CreateAsync(
            new { image = Fixture.Image, command = "sleep 1000", labels = Mine, ports = new[] { "127.0.0.1::80" }, start = true });
        var port = (await Fixture.InspectAsync(Text(holder, "id")))["NetworkSettings"]!["Ports"]!["80/tcp"]![0]!["HostPort"];
        var name = Fixture.UniqueName("no-port");

        using var response = await PostContainerAsync(
            new { image = Fixture.Image, command = "sleep 1000", name, labels = Mine, ports = new[] { $"127.0.0.1:{port}:80" }, start = true });

        await ProblemAsync(response, HttpStatusCode.Conflict, "port_in_use");
        await Fixture.AssertNoContainerAsync(name);
    }

    [Fact]
    public async Task Create_pulls_a_missing_image_unless_pull_is_never()
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run);

        using var never = await PostContainerAsync(new { image = registry.Reference, labels = Mine, pull = "never" });
        await ProblemAsync(never, HttpStatusCode.NotFound, "image_not_found");
        var created = await CreateAsync(new { image = registry.Reference, labels = Mine });

        Assert.Contains((await Fixture.InspectAsync(Text(created, "id")))["Image"]!.GetValue<string>(), registry.Ids);
        await CreateAsync(new { image = registry.Reference, labels = Mine, pull = "always" });
    }

    [Fact]
    public async Task Create_pulls_from_a_private_registry_with_credentials()
    {
        await using var registry = await FakeRegistry.StartAsync(EngineFixture.Label, Fixture.Run, "ann:s3cret");

        using var without = await PostContainerAsync(new { image = registry.Reference, labels = Mine });
        using var elsewhere = await PostContainerAsync(new
        {
            image = registry.Reference,
            labels = Mine,
            registryAuth = new { username = "ann", password = "s3cret", serverAddress = "registry.example" },
        });
        await CreateAsync(new
        {
            image = registry.Reference,
            labels = Mine,
            registryAuth = new { username = "ann", password = "s3cret", serverAddress = $"http://{registry.Host}/v2/" },
        });

        await ProblemAsync(without, HttpStatusCode.Forbidden, "registry_unauthorized");
        await ProblemAsync(elsewhere, HttpStatusCode.BadRequest, "invalid_request");
    }
}
