namespace ContainerApi.Tests.Engines;

public sealed class EnginesTests
{
    [Fact]
    public async Task List_returns_versions_host_counts_and_limitations()
    {
        await using var host = new ApiHost(Answering("local", "1.41"));

        var engine = (await host.GetJsonAsync("/engines")).GetProperty("items")[0];

        Assert.Equal("local", engine.GetProperty("name").GetString());
        Assert.Equal("ok", engine.GetProperty("state").GetString());
        Assert.Equal("1.41", engine.GetProperty("apiVersion").GetString());
        Assert.Equal(3, engine.GetProperty("containers").GetProperty("running").GetInt32());
        Assert.Equal(25276510208, engine.GetProperty("memoryBytes").GetInt64());
        Assert.Equal("https://mirror.example/", engine.GetProperty("registryMirrors")[0].GetString());
        Assert.Equal("instant_statistics", engine.GetProperty("limitations")[0].GetProperty("feature").GetString());
    }

    [Theory]
    [InlineData(
        "1.41", "",
        "instant_statistics,health_in_list,step_limits,dockerfile_heredocs,named_contexts,dockerfile_checks,image_indexes,import_platforms")]
    [InlineData("1.45", "", "health_in_list,dockerfile_checks,image_indexes")]
    [InlineData("1.52", "", "image_indexes")]
    [InlineData("1.52", "containerd", "")]
    [InlineData("1.52", "windows", "processes,buildkit,image_indexes")]
    [InlineData("1.52", "podman", "buildkit,remote_contexts,build_networks,step_limits,image_indexes,import_platforms")]
    public void Limitations_of_an_engine_follow_from_what_it_is(string version, string kind, string features)
    {
        var engine = new EngineCapabilities(version, isPodman: kind == "podman", isWindows: kind == "windows");

        var limitations = engine.LimitationsOf(new EngineInfo { ApiVersion = version, HasContainerdStore = kind == "containerd" });

        Assert.Equal(features, string.Join(',', limitations.Select(l => l.Feature)));
        Assert.All(limitations, l => Assert.True(l.Reason.EndsWith('.'), l.Reason));
    }

    [Theory]
    [InlineData("engine_unavailable", "unavailable")]
    [InlineData("engine_timeout", "timeout")]
    [InlineData("engine_error", "error")]
    public async Task List_returns_a_failed_engine_with_its_state_and_error(string kind, string state)
    {
        var failure = new EngineException(ErrorCode.Find(kind)!, "far", "The engine is unreachable.");
        await using var host = new ApiHost(Answering("local", "1.45"), new FakeEngine { Name = "far", Describe = _ => throw failure });

        var engines = (await host.GetJsonAsync("/engines")).GetProperty("items");

        Assert.Equal("ok", engines[1].GetProperty("state").GetString());
        Assert.Equal(state, engines[0].GetProperty("state").GetString());
        Assert.Equal($$"""{"code":"{{kind}}","message":"The engine is unreachable."}""", engines[0].GetProperty("error").GetRawText());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, engines[0].GetProperty("containers").ValueKind);
    }

    [Fact]
    public async Task Unknown_engine_returns_404()
    {
        await using var host = new ApiHost(Answering("local", "1.45"));

        using var response = await host.Client.GetAsync("/engines/elsewhere");

        var problem = await response.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
        Assert.Contains("elsewhere", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Readiness_is_ok_degraded_or_503_depending_on_the_engines()
    {
        var far = new FakeEngine { Name = "far", Ping = _ => Task.FromResult("1.45") };
        var near = new FakeEngine { Name = "near", Ping = _ => Task.FromResult("1.45") };
        await using var host = new ApiHost(near, far);

        Assert.Equal("ok", (await host.GetJsonAsync("/readyz")).GetProperty("state").GetString());

        far.Ping = _ => throw new EngineException(ErrorCode.EngineUnavailable, "far", "The engine cannot be reached: connection refused.");
        var degraded = await host.GetJsonAsync("/readyz");
        Assert.Equal("degraded", degraded.GetProperty("state").GetString());
        Assert.Equal("unavailable", degraded.GetProperty("engines")[1].GetProperty("state").GetString());
        Assert.Equal("engine_unavailable", degraded.GetProperty("engines")[1].GetProperty("error").GetProperty("code").GetString());

        near.Ping = _ => throw new EngineException(ErrorCode.EngineTimeout, "near", "The engine did not answer within 10 seconds.");
        using var response = await host.Client.GetAsync("/readyz");
        var problem = await response.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        Assert.Contains("near: The engine did not answer", problem.GetProperty("detail").GetString());
        Assert.Contains("far: The engine cannot be reached", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Health_calls_no_engine()
    {
        await using var host = new ApiHost(new FakeEngine());

        Assert.Equal("ok\n", await host.Client.GetStringAsync("/healthz"));
    }

    private static FakeEngine Answering(string name, string version) => new()
    {
        Name = name,
        Describe = _ => Task.FromResult(new EngineInfo
        {
            ApiVersion = version,
            Containers = 5,
            ContainersRunning = 3,
            ContainersPaused = 1,
            ContainersStopped = 1,
            MemoryBytes = 25276510208,
            RegistryMirrors = ["https://mirror.example/"],
        }),
    };
}
