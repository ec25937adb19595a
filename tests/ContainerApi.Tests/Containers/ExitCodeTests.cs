namespace ContainerApi.Tests.Containers;

/// <summary>The exit codes of containers in filters and metrics, and the metrics of details.</summary>
public sealed class ExitCodeTests
{
    [Theory]
    [InlineData("Exited (137) 2 hours ago", 137)]
    [InlineData("Restarting (1) 3 seconds ago", 1)]
    [InlineData("Up 3 minutes (healthy)", null)]
    [InlineData("Exited () 1", null)]
    [InlineData("Exited (137", null)]
    [InlineData("Created", null)]
    [InlineData("", null)]
    public void Exit_code_is_read_from_the_status(string status, int? code) =>
        Assert.Equal(code, (Facts.Container('1') with { Status = status }).ExitCode);

    [Fact]
    public async Task List_filters_by_exit_code_and_includes_stopped_containers()
    {
        var engine = Facts.Engine();
        var all = false;
        engine.ListContainers = (filter, _) =>
        {
            all = filter.All;
            return Task.FromResult<IReadOnlyList<ContainerFacts>>([Exited('1', 0), Exited('2', 3), Exited('3', 137), Facts.Container('4')]);
        };
        using var host = new ApiHost(engine);

        var rows = await host.ItemsAsync("?exitCode=3,137&include=none&sort=name");

        Assert.Equal(["c2", "c3"], rows.At("name"));
        Assert.True(all);
        using var response = await host.Client.GetAsync("/containers?exitCode=x");
        await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Scrape_inspects_only_with_the_setting(bool includeDetails)
    {
        var engine = Facts.Engine(Facts.Container('1'), Exited('2', 137));
        HostSections? asked = null;
        engine.ReadHost = (_, sections, _) =>
        {
            asked = sections;
            return Task.FromResult<IReadOnlyDictionary<string, HostSample>>(new Dictionary<string, HostSample>
            {
                [Facts.Id('1')] = new(Facts.Noon, [Facts.Process()], Facts.Statistics() with { OomKills = 4 }),
            });
        };
        var inspects = 0;
        var inspect = engine.InspectContainer;
        engine.InspectContainer = async (reference, token) =>
        {
            Interlocked.Increment(ref inspects);
            return await inspect(reference, token) with { Inspected = new InspectedFacts { RestartCount = 2, StartedAt = Facts.Noon.AddSeconds(9) } };
        };
        using var host = new ApiHost(new Dictionary<string, string?> { ["Metrics:IncludeDetails"] = includeDetails ? "true" : "false" }, engine);

        var text = await host.Client.GetStringAsync("/metrics/containers");

        var lines = text.Split('\n');
        string[] Samples(string metric) => [.. lines.Where(l => l.StartsWith(metric + "{", StringComparison.Ordinal)).Select(l => l.Split(' ')[^1])];
        Assert.Equal(["137"], Samples("container_last_exit_code"));
        var start = Facts.Noon.ToUnixTimeSeconds();
        Assert.Equal(includeDetails ? [$"{start + 9}", $"{start + 9}"] : [$"{start}"], Samples("container_start_time_seconds"));
        Assert.Equal(includeDetails ? ["2", "2"] : [], Samples("container_restarts_total"));
        Assert.Equal(includeDetails, asked!.Value.HasFlag(HostSections.OomKills));
        Assert.Equal(includeDetails ? 2 : 0, inspects);
    }

    private static ContainerFacts Exited(char digit, int code) =>
        Facts.Container(digit, state: ContainerStates.Exited) with { Status = $"Exited ({code}) 2 hours ago" };
}
