namespace ContainerApi.Tests.Containers;

/// <summary>Sums of containers by group, through HTTP.</summary>
public sealed class SummaryTests
{
    [Fact]
    public async Task Summary_counts_and_sums_each_project()
    {
        using var host = new ApiHost(Facts.Engine(
            In('1', "shop", "web"), In('2', "shop", "db") with { Health = "unhealthy" }, In('3', "blog", "web", ContainerStates.Exited),
            Facts.Container('4')));

        var summary = await host.GetJsonAsync("/summary?all=true");

        Assert.Equal("""["project"]""", summary.GetProperty("by").GetRawText());
        var groups = summary.GetProperty("groups").EnumerateArray().ToList();
        Assert.Equal(["blog", "shop", null], groups.At("key.project"));
        Assert.Equal(["1", "2", "1"], groups.At("containers.total"));
        Assert.Equal(["0", "2", "1"], groups.At("containers.running"));
        Assert.Equal(["1", "0", "0"], groups.At("containers.exited"));
        Assert.Equal(["0", "1", "0"], groups.At("containers.unhealthy"));
        Assert.Equal(["0", "2", "1"], groups.At("processes"));
        Assert.Equal(["0", "8192", "4096"], groups.At("usage.memoryBytes"));
        Assert.Equal(["0", "2000", "1000"], groups.At("network.rxBytes"));
        Assert.Equal(["0", null, null], groups.At("usage.cpuPercent"));
        Assert.Equal(["0", "2", "1"], groups.At("missing"));
        Assert.Equal("4", summary.At("total.containers.total"));
        Assert.Equal("3", summary.At("total.processes"));
        Assert.Equal("4", summary.At("engines.0.containers"));
        Assert.True(summary.GetProperty("complete").GetBoolean());
    }

    [Theory]
    [InlineData("by=service&by=project", """{"service":"db","project":"shop"} {"service":"web","project":"shop"} {"service":null,"project":null}""")]
    [InlineData("by=service,service", """{"service":"db"} {"service":"web"} {"service":null}""")]
    [InlineData("by=engine,image", """{"engine":"local","image":"busybox:latest"}""")]
    [InlineData("project=shop", """{"project":"shop"}""")]
    [InlineData("by=service&sort=-containers.total", """{"service":"web"} {"service":"db"} {"service":null}""")]
    public async Task Groups_have_the_requested_keys_in_order(string query, string keys)
    {
        using var host = new ApiHost(Facts.Engine(In('1', "shop", "web"), In('2', "shop", "web"), In('3', "shop", "db"), Facts.Container('4')));

        var groups = (await host.GetJsonAsync("/summary?" + query)).GetProperty("groups").EnumerateArray();

        Assert.Equal(keys, string.Join(' ', groups.Select(g => g.GetProperty("key").GetRawText())));
    }

    [Theory]
    [InlineData("", "500 1000", "1500")]
    [InlineData("&name=c2,c3,c4", "500 0", "500")]
    [InlineData("&name=c1,c4", "1500", "1500")]
    public async Task Network_namespace_counts_once(string filter, string groups, string total)
    {
        // Container 2 owns its network, which 3 and 4 share; 4 is in the other project.
        var engine = Facts.Engine(
            In('1', "shop", "web"), In('2', "app", "pause"), In('3', "app", "log", network: "container:" + Facts.Id('2')),
            In('4', "shop", "side", network: "container:" + Facts.Id('3')));
        engine.ReadStatistics = (id, _) => Task.FromResult(Facts.Statistics(received: id == Facts.Id('1') ? 1000 : 500));
        using var host = new ApiHost(engine);

        var summary = await host.GetJsonAsync("/summary?" + filter);

        var received = summary.GetProperty("groups").EnumerateArray().At("network.rxBytes").ToList();
        Assert.Equal(total, summary.At("total.network.rxBytes"));
        Assert.Equal(groups.Split(' '), received);
    }

    [Fact]
    public async Task Containers_that_cannot_be_read_are_missing_from_the_sums()
    {
        var engine = Facts.Engine(In('1', "shop", "web"), In('2', "shop", "db"), In('3', "blog", "web"));
        engine.ListProcesses = (id, _) => id == Facts.Id('1')
            ? Task.FromResult<IReadOnlyList<ProcessFacts>>([Facts.Process()])
            : throw new EngineException(ErrorCode.EngineError, "local", "ps failed");
        using var host = new ApiHost(engine);

        var groups = (await host.GetJsonAsync("/summary")).GetProperty("groups").EnumerateArray().ToList();

        Assert.Equal([null, "1"], groups.At("processes"));
        Assert.Equal(["1", "2"], groups.At("missing"));
    }

    [Fact]
    public async Task Container_on_the_host_network_has_no_traffic_and_is_not_missing()
    {
        var engine = Facts.Engine(Facts.Container('1', network: "host"));
        using var host = new ApiHost(engine);

        var total = (await host.GetJsonAsync("/summary")).GetProperty("total");

        Assert.Null(total.At("network.rxBytes"));
        Assert.Equal("4096", total.At("usage.memoryBytes"));
    }

    [Fact]
    public async Task Table_ends_with_the_total_and_csv_has_none()
    {
        using var host = new ApiHost(Facts.Engine(In('1', "shop", "web"), In('2', "blog", "web")));

        var table = (await host.Client.GetStringAsync("/summary?by=project,service&format=table")).Split('\n');
        var csv = (await host.Client.GetStringAsync("/summary?format=csv")).Split("\r\n");

        Assert.StartsWith("PROJECT   SERVICE   CONTAINERS   RUNNING   PROCESSES   CPU %   MEM", table[0]);
        Assert.StartsWith("blog      web       1            1", table[1]);
        Assert.StartsWith("TOTAL               2            2         2           -       8KiB", table[3]);
        Assert.StartsWith("key.project,containers.total,", csv[0]);
        Assert.Equal(["blog", "shop", ""], csv[1..].Select(l => l.Split(',')[0]));
    }

    [Fact]
    public async Task Summary_shares_the_collection_of_the_list()
    {
        var engine = Facts.Engine(In('1', "shop", "web"));
        var lists = 0;
        engine.ListContainers = (_, _) =>
        {
            Interlocked.Increment(ref lists);
            return Task.FromResult<IReadOnlyList<ContainerFacts>>([In('1', "shop", "web")]);
        };
        using var host = new ApiHost(engine);

        await host.GetJsonAsync("/containers?project=shop");
        await host.GetJsonAsync("/summary?project=shop&maxAge=3600");
        await host.GetJsonAsync("/summary?project=shop&by=image&maxAge=3600");

        Assert.Equal(1, lists);
    }

    [Fact]
    public async Task Engine_that_does_not_answer_is_an_entry()
    {
        var down = new FakeEngine
        {
            Name = "down",
            ListContainers = (_, _) => throw new EngineException(ErrorCode.EngineUnavailable, "down", "Gone."),
        };
        using var host = new ApiHost(Facts.Engine(Facts.Container('1')), down);

        var summary = await host.GetJsonAsync("/summary?by=engine");

        Assert.Equal("local", Assert.Single(summary.GetProperty("groups").EnumerateArray()).At("key.engine"));
        Assert.Equal("engine_unavailable", summary.At("engines.1.error.code"));
        Assert.False(summary.GetProperty("complete").GetBoolean());
    }

    [Theory]
    [InlineData("by=colour", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("include=none", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("format=ndjson", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("sort=name", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("engine=other", HttpStatusCode.NotFound, "engine_not_found")]
    public async Task Invalid_parameter_is_refused(string query, HttpStatusCode status, string code)
    {
        using var host = new ApiHost(Facts.Engine());

        using var response = await host.Client.GetAsync("/summary?" + query);

        await response.ReadProblemAsync(status, code);
    }

    private static ContainerFacts In(
        char digit, string project, string service, string state = ContainerStates.Running, string network = "bridge") =>
        Facts.Container(digit, state: state, network: network) with
        {
            Labels = new Dictionary<string, string> { ["com.docker.compose.project"] = project, ["com.docker.compose.service"] = service },
        };
}
