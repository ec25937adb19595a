using ContainerApi.Tests.Builds;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>The call that starts a build on an engine.</summary>
public sealed class BuildCallTests
{
    private const string OwnNetwork = """[{"Name":"network","Host":false}]""";

    [Fact]
    public async Task Every_parameter_is_sent_in_the_engines_format()
    {
        await using var engine = await RecordedEngine.StartAsync("cl_ok.txt");

        await engine.BuildAsync(new BuildSpec
        {
            Tags = [new("a", "1"), new("host:5000/b", "2")],
            Dockerfile = "dir/Docker file",
            Target = "stage",
            BuildArguments = new Dictionary<string, string?> { ["A"] = "x&y=\"z\"", ["NO_PROXY"] = null },
            Labels = new Dictionary<string, string> { ["l"] = "ä b" },
            Platform = "linux/amd64",
            NoCache = true,
            Pull = true,
            Network = "none",
            ExtraHosts = ["h:1.2.3.4", "i:::1"],
            CacheFrom = [new("c:1"), new("d:2")],
            ShmSize = 65536,
            Memory = 8_000_000,
            Ulimits = [new("nofile", 10, 20), new("core", -1, -1)],
            CgroupParent = "/builds",
        });

        var query = engine.Query!;
        Assert.Equal("application/x-tar", engine.ContentType);
        Assert.Equal(1024, engine.Context!.Length);
        Assert.Equal(["a:1", "host:5000/b:2"], query["t"]);
        Assert.Equal(["dir/Docker file"], query["dockerfile"]);
        Assert.Equal(["stage"], query["target"]);
        Assert.Equal("x&y=\"z\"", JsonDocument.Parse(query["buildargs"][0]).RootElement.GetProperty("A").GetString());
        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse(query["buildargs"][0]).RootElement.GetProperty("NO_PROXY").ValueKind);
        Assert.Equal("ä b", JsonDocument.Parse(query["labels"][0]).RootElement.GetProperty("l").GetString());
        Assert.Equal(["c:1", "d:2"], JsonSerializer.Deserialize<string[]>(query["cachefrom"][0])!);
        Assert.Equal(["h:1.2.3.4", "i:::1"], query["extrahosts"]);
        Assert.Equal(
            ["linux/amd64", "1", "1", "none", "1", "1", "65536", "8000000", "/builds"],
            new[] { "platform", "nocache", "pull", "networkmode", "rm", "forcerm", "shmsize", "memory", "cgroupparent" }.Select(n => query[n][0]));
        Assert.Equal("""[{"Name":"nofile","Soft":10,"Hard":20},{"Name":"core","Soft":-1,"Hard":-1}]""", query["ulimits"][0]);
    }

    [Theory]
    [InlineData(nameof(BuilderKind.Classic), "bridge", "1", "bridge")]
    [InlineData(nameof(BuilderKind.Classic), "mynet", "1", "mynet")]
    [InlineData(nameof(BuilderKind.Podman), null, "1", null, OwnNetwork)]
    [InlineData(nameof(BuilderKind.Podman), "bridge", "1", null, OwnNetwork)]
    [InlineData(nameof(BuilderKind.Podman), "none", "1", "1", OwnNetwork)]
    [InlineData(nameof(BuilderKind.Podman), "host", "1", null)]
    public async Task Each_builder_gets_its_own_version_and_network(
        string builder, string? network, string version, string? mode, string? options = null)
    {
        await using var engine = await RecordedEngine.StartAsync(builder == nameof(BuilderKind.Podman) ? "pm_ok.txt" : "cl_ok.txt");

        var facts = await engine.BuildAsync(new BuildSpec { Builder = Enum.Parse<BuilderKind>(builder), Network = network });

        Assert.Single(facts.OfType<ImageBuilt>());
        Assert.Equal(version, engine.Query!["version"].Single());
        Assert.Equal(mode, engine.Query.GetValueOrDefault("networkmode")?.Single());
        Assert.Equal(options, engine.Query.GetValueOrDefault("nsoptions")?.Single());
    }

    [Fact]
    public async Task Podman_gets_the_hosts_as_JSON()
    {
        await using var engine = await RecordedEngine.StartAsync("pm_ok.txt");

        await engine.BuildAsync(new BuildSpec { Builder = BuilderKind.Podman, ExtraHosts = ["h:1.2.3.4", "i:::1"] });

        Assert.Equal(["h:1.2.3.4", "i:::1"], JsonSerializer.Deserialize<string[]>(Assert.Single(engine.Query!["extrahosts"]))!);
    }

    [Theory]
    [InlineData("Ostype", "windows", "The engine runs Windows, which has no BuildKit.", false)]
    [InlineData("Libpod-API-Version", "5.4.2", "The engine is Podman, which has no BuildKit.", true)]
    [InlineData("Ostype", "linux", null, false)]
    public async Task Capabilities_have_the_reason_why_BuildKit_is_unavailable(string header, string value, string? reason, bool isPodman)
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, "");
        engine.Ping = (header, value);
        Assert.Null(engine.Engine.Capabilities);

        var capabilities = await engine.Engine.PingAsync(CancellationToken.None);

        Assert.Same(capabilities, engine.Engine.Capabilities);
        Assert.Equal(reason, capabilities.BuildKitUnavailableReason);
        Assert.Equal(isPodman ? BuilderKind.Podman : BuilderKind.Classic, capabilities.ClassicBuilder);
    }
}
