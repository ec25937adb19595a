using ContainerApi.Containers;

namespace ContainerApi.Tests.Containers;

/// <summary>The sections of the container list through HTTP: sources, failures, limits and shared networks.</summary>
public sealed class ContainerSectionHttpTests
{
    [Theory]
    [InlineData("", true, true, true)]
    [InlineData("include=processes", true, false, false)]
    [InlineData("include=network,usage", false, true, true)]
    [InlineData("include=none", false, false, false)]
    [InlineData("fields=name,usage.cpuPercent", false, false, true)]
    [InlineData("sort=-network.rxBytes&include=none", false, false, false)]
    public async Task Excluded_sections_are_neither_returned_nor_read(string query, bool processes, bool network, bool usage)
    {
        var tops = 0;
        var statistics = 0;
        var engine = Facts.Engine(Facts.Container('1'), Facts.Container('2', state: ContainerStates.Exited));
        var (list, read) = (engine.ListProcesses, engine.ReadStatistics);
        engine.ListProcesses = (id, token) => { Interlocked.Increment(ref tops); return list(id, token); };
        engine.ReadStatistics = (id, token) => { Interlocked.Increment(ref statistics); return read(id, token); };
        using var host = new ApiHost(engine);

        var items = await host.ItemsAsync("?" + query);

        Assert.Equal((processes, network, usage), (
            items[0].TryGetProperty("processes", out _), items[0].TryGetProperty("network", out _), items[0].TryGetProperty("usage", out _)));
        Assert.Equal(processes ? 1 : 0, tops);
        Assert.Equal(network || usage || query.Contains("sort") ? 1 : 0, statistics);
    }

    [Fact]
    public async Task Sections_from_the_host_cost_no_engine_call()
    {
        var engine = Facts.Engine(Facts.Container('1'), Facts.Container('2'), Facts.Container('3'));
        var asked = new List<string>();
        engine.ListProcesses = (id, _) => { lock (asked) { asked.Add("top " + id[0]); } return Task.FromResult<IReadOnlyList<ProcessFacts>>([]); };
        engine.ReadStatistics = (id, _) => { lock (asked) { asked.Add("stats " + id[0]); } return Task.FromResult(Facts.Statistics()); };
        HostSections? wanted = null;
        engine.ReadHost = (_, sections, _) =>
        {
            wanted = sections;
            return Task.FromResult<IReadOnlyDictionary<string, HostSample>>(new Dictionary<string, HostSample>
            {
                [Facts.Id('1')] = new(Facts.Noon, [Facts.Process(7)], Facts.Statistics(received: 7)),
                [Facts.Id('2')] = new(Facts.Noon, [Facts.Process(8)], Facts.Statistics() with { CpuTime = null, MemoryBytes = null }),
            });
        };
        using var host = new ApiHost(engine);

        var items = await host.ItemsAsync("?sort=id");

        Assert.Equal(HostSections.Processes | HostSections.Statistics, wanted);
        Assert.Equal(["stats 2", "stats 3", "top 3"], asked.Order());
        Assert.Equal(["host", "host", "engine"], items.At("processes.source"));
        Assert.Equal(["host", "engine", "engine"], items.At("usage.source"));
        Assert.Equal("7", items[0].At("network.rxBytes"));
    }

    [Fact]
    public async Task Sections_come_from_the_engine_when_the_host_source_fails()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        engine.ReadHost = (_, _, _) => throw new EngineException(ErrorCode.EngineError, "local", "no /proc");
        using var host = new ApiHost(engine);

        var item = (await host.ItemsAsync())[0];

        Assert.Equal("engine", item.At("usage.source"));
    }

    [Theory]
    [InlineData("container_not_running", "not_running")]
    [InlineData("conflict", "not_running")]
    [InlineData("engine_timeout", "timeout")]
    [InlineData("feature_unsupported", "unsupported")]
    [InlineData("engine_error", "error")]
    [InlineData("engine_unavailable", "error")]
    internal async Task Failed_section_fails_alone(string code, string state)
    {
        var engine = Facts.Engine(Facts.Container('1'));
        engine.ListProcesses = (_, _) => throw new EngineException(ErrorCode.Find(code)!, "local", "No ps here.");
        using var host = new ApiHost(engine);

        var item = (await host.ItemsAsync())[0];

        Assert.Equal(state, item.At("processes.state"));
        Assert.Equal("No ps here.", item.At("processes.reason"));
        Assert.Null(item.At("processes.items"));
        Assert.Equal("ok", item.At("usage.state"));
    }

    [Fact]
    public async Task Hanging_container_times_out_its_own_section_only()
    {
        var engine = Facts.Engine(Facts.Container('1'), Facts.Container('2'));
        engine.ReadStatistics = async (id, token) =>
        {
            await Task.Delay(id == Facts.Id('1') ? Timeout.Infinite : 0, token);
            return Facts.Statistics();
        };
        var limits = new CollectionLimits { Section = TimeSpan.FromMilliseconds(50) };
        using var host = new ApiHost(limits, new Dictionary<string, string?>(), engine);

        var items = await host.ItemsAsync("?sort=id");

        Assert.Equal(["timeout", "ok"], items.At("usage.state"));
        Assert.Equal(["ok", "ok"], items.At("processes.state"));
    }

    [Fact]
    public async Task Top_calls_are_limited_and_statistics_calls_run_at_once()
    {
        var containers = Enumerable.Range(0, 40).Select(n => Facts.Container('1', "c" + n) with { Id = n.ToString("x64") }).ToList();
        var (tops, mostTops, statistics) = (0, 0, 0);
        var all = new TaskCompletionSource();
        var engine = Facts.Engine(containers);
        engine.ListProcesses = async (_, token) =>
        {
            var now = Interlocked.Increment(ref tops);
            lock (containers) { mostTops = Math.Max(mostTops, now); }
            await all.Task.WaitAsync(token);
            await Task.Yield();
            Interlocked.Decrement(ref tops);
            return [Facts.Process()];
        };
        engine.ReadStatistics = async (_, token) =>
        {
            if (Interlocked.Increment(ref statistics) == containers.Count)
            {
                all.SetResult();
            }

            await all.Task.WaitAsync(token);
            return Facts.Statistics();
        };
        using var host = new ApiHost(engine);

        var items = await host.ItemsAsync();

        Assert.All(items.At("usage.state"), state => Assert.Equal("ok", state));
        Assert.Equal(8, mostTops);
    }

    [Fact]
    public async Task Containers_that_share_a_network_have_the_same_counters()
    {
        var web = Facts.Container('a', "web");
        var engine = Facts.Engine(web, Facts.Container('b', "sidecar", network: "container:" + web.Id) with { Networks = [] });
        engine.ReadStatistics = (id, _) => Task.FromResult(Facts.Statistics(received: id == web.Id ? 1000 : 1010));
        using var host = new ApiHost(engine);

        var items = await host.ItemsAsync("?sort=id");

        Assert.Equal(["1000", "1000"], items.At("network.rxBytes"));
        Assert.Equal(web.Id, items[1].At("network.sharedWith"));
    }

    [Fact]
    public async Task The_owner_of_a_shared_network_is_found_though_a_filter_excludes_it()
    {
        var web = Facts.Container('a', "web", network: "host");
        var sidecar = Facts.Container('b', "sidecar", network: "container:" + web.Id) with { Networks = [] };
        var engine = Facts.Engine();
        engine.ListContainers = (filter, _) =>
            Task.FromResult<IReadOnlyList<ContainerFacts>>(filter.Filters!.ContainsKey("name") ? [sidecar] : [web]);
        engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics());
        using var host = new ApiHost(engine);

        var item = (await host.ItemsAsync("?name=side"))[0];

        Assert.Equal(("unsupported", web.Id), (item.At("network.state"), item.At("network.sharedWith")));
    }

    [Fact]
    public async Task Command_lines_of_the_engine_are_cut_and_have_a_common_bound()
    {
        var engine = Facts.Engine(Facts.Container('a'), Facts.Container('b'));
        var processes = Enumerable.Range(1, 3_000).Select(pid => Facts.Process(pid, command: new string('a', 100_000))).ToList();
        engine.ListProcesses = (_, _) => Task.FromResult<IReadOnlyList<ProcessFacts>>(processes);
        await using var host = new ApiHost(engine);

        var list = await host.GetJsonAsync("/containers?include=processes");

        var commands = list.GetProperty("items").EnumerateArray()
            .SelectMany(c => c.GetProperty("processes").GetProperty("items").EnumerateArray())
            .Select(p => p.GetProperty("command").GetString()!.Length).ToList();
        Assert.Equal(6_000, commands.Count);
        Assert.Equal([CommandLimit.ShortBytes + 1, CommandLimit.DefaultMaxBytes + 1], commands.Distinct().Order());
        Assert.True(commands.Sum() < 1.1 * CommandLimit.AnswerBytes);
    }
}
