namespace ContainerApi.Tests.Containers;

/// <summary>One container through HTTP.</summary>
public sealed class ContainerHttpTests
{
    [Fact]
    public async Task Get_container_returns_the_row()
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1', "web"), Facts.Container('2')));

        Assert.Equal(Facts.Id('1'), (await host.GetJsonAsync("/containers/web")).GetProperty("id").GetString());
        Assert.Equal("web", (await host.GetJsonAsync("/containers/1111?include=none")).GetProperty("name").GetString());
        Assert.Equal("""{"name":"web"}""", (await host.GetJsonAsync("/containers/web?fields=name")).GetRawText());
        Assert.Equal(42, (await host.GetJsonAsync("/containers/web/processes")).GetProperty("items")[0].GetProperty("pid").GetInt32());
        var statistics = await host.GetJsonAsync("/containers/web/stats");
        Assert.Equal("1000", statistics.At("network.rxBytes"));
        Assert.Equal("4096", statistics.At("usage.memoryBytes"));
    }

    [Theory]
    [InlineData("/containers/nix", 404, "container_not_found")]
    [InlineData("/containers/nix/stats", 404, "container_not_found")]
    [InlineData("/containers/..%2Fimages/stats", 400, "invalid_request")]
    [InlineData("/containers/c1?engine=nix", 404, "engine_not_found")]
    [InlineData("/containers?engine=nix", 404, "engine_not_found")]
    [InlineData("/containers?engine=local&engine=nix", 404, "engine_not_found")]
    [InlineData("/containers/c1?x=1", 400, "invalid_request")]
    [InlineData("/containers/c1/stats?format=csv", 400, "invalid_request")]
    [InlineData("/containers/c2/processes", 409, "container_not_running")]
    [InlineData("/containers/c2/stats", 409, "container_not_running")]
    [InlineData("/containers/c1/processes", 504, "engine_timeout")]
    [InlineData("/containers/c1/stats", 502, "engine_error")]
    public async Task Failures_of_one_container_are_problems(string address, int status, string code)
    {
        var engine = Facts.Engine(Facts.Container('1'), Facts.Container('2', state: ContainerStates.Exited));
        engine.ListProcesses = (_, _) => throw new EngineException(ErrorCode.EngineTimeout, "local", "Slow.");
        engine.ReadStatistics = (_, _) => throw new EngineException(ErrorCode.EngineError, "local", "Broken.");
        using var host = new ApiHost(engine);

        using var answer = await host.Client.GetAsync(address);

        await answer.ReadProblemAsync((HttpStatusCode)status, code);
    }
}
