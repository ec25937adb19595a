using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ContainerApi.Containers;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ContainerApi.Tests.Containers;

/// <summary>The container list through HTTP: sections, failures, engine calls and shared collections.</summary>
public sealed class ContainerListHttpTests
{
    [Fact]
    public async Task List_returns_all_nine_fields()
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1', "web") with { Ports = [new(80, "tcp", "0.0.0.0", 8080)] }));

        var list = await host.GetJsonAsync("/containers");

        var item = Assert.Single(list.GetProperty("items").EnumerateArray());
        Assert.Equal("web", item.GetProperty("name").GetString());
        Assert.Equal("busybox:latest", item.GetProperty("image").GetString());
        Assert.Equal("2026-11-23T12:00:49Z", item.GetProperty("createdAt").GetString());
        Assert.Equal(Facts.Id('1'), item.GetProperty("id").GetString());
        Assert.Equal("sleep 100", item.GetProperty("processes").GetProperty("items")[0].GetProperty("command").GetString());
        Assert.Equal("Up 3 minutes", item.GetProperty("status").GetString());
        Assert.Equal("172.17.0.2", item.GetProperty("networks")[0].GetProperty("ipv4").GetString());
        Assert.Equal(8080, item.GetProperty("ports")[0].GetProperty("hostPort").GetInt32());
        Assert.Equal(1000, item.GetProperty("network").GetProperty("rxBytes").GetInt64());
        Assert.Equal("engine", item.GetProperty("network").GetProperty("source").GetString());
        Assert.Equal(4096, item.GetProperty("usage").GetProperty("memoryBytes").GetInt64());
        Assert.Equal(JsonValueKind.Null, item.GetProperty("usage").GetProperty("cpuPercent").ValueKind);
        Assert.False(item.GetProperty("usage").TryGetProperty("reason", out _));
        Assert.Equal(1, list.GetProperty("total").GetInt32());
        Assert.Equal("""[{"name":"local","state":"ok","apiVersion":"1.41","containers":1,"error":null}]""", list.GetProperty("engines").GetRawText());
    }

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

        var items = (await host.GetJsonAsync("/containers?" + query)).GetProperty("items");

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

        var items = (await host.GetJsonAsync("/containers?sort=id")).GetProperty("items");

        Assert.Equal(HostSections.Processes | HostSections.Statistics, wanted);
        Assert.Equal(["stats 2", "stats 3", "top 3"], asked.Order());
        Assert.Equal(["host/host", "host/engine", "engine/engine"], items.EnumerateArray().Select(i =>
            $"{i.GetProperty("processes").GetProperty("source")}/{i.GetProperty("usage").GetProperty("source")}"));
        Assert.Equal(7, items[0].GetProperty("network").GetProperty("rxBytes").GetInt64());
    }

    [Fact]
    public async Task Sections_come_from_the_engine_when_the_host_source_fails()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        engine.ReadHost = (_, _, _) => throw new EngineException(ErrorCode.EngineError, "local", "no /proc");
        using var host = new ApiHost(engine);

        var item = (await host.GetJsonAsync("/containers")).GetProperty("items")[0];

        Assert.Equal("engine", item.GetProperty("usage").GetProperty("source").GetString());
    }

    [Theory]
    [InlineData("container_not_running", "not_running")]
    [InlineData("conflict", "not_running")]
    [InlineData("engine_timeout", "timeout")]
    [InlineData("feature_unsupported", "unsupported")]
    [InlineData("engine_error", "error")]
    [InlineData("engine_unavailable", "error")]
    internal async Task A_failed_section_fails_alone(string code, string state)
    {
        var engine = Facts.Engine(Facts.Container('1'));
        engine.ListProcesses = (_, _) => throw new EngineException(ErrorCode.Find(code)!, "local", "No ps here.");
        using var host = new ApiHost(engine);

        var item = (await host.GetJsonAsync("/containers")).GetProperty("items")[0];

        Assert.Equal(state, item.GetProperty("processes").GetProperty("state").GetString());
        Assert.Equal("No ps here.", item.GetProperty("processes").GetProperty("reason").GetString());
        Assert.Equal(JsonValueKind.Null, item.GetProperty("processes").GetProperty("items").ValueKind);
        Assert.Equal("ok", item.GetProperty("usage").GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_hanging_container_times_out_its_own_section_only()
    {
        var engine = Facts.Engine(Facts.Container('1'), Facts.Container('2'));
        engine.ReadStatistics = async (id, token) =>
        {
            await Task.Delay(id == Facts.Id('1') ? Timeout.Infinite : 0, token);
            return Facts.Statistics();
        };
        await using var host = new ApiHost(engine).WithWebHostBuilder(b => b.ConfigureTestServices(s =>
            s.AddSingleton(new CollectionLimits { Section = TimeSpan.FromMilliseconds(50) })));
        using var client = host.CreateClient();

        var items = JsonDocument.Parse(await client.GetStringAsync("/containers?sort=id")).RootElement.GetProperty("items");

        Assert.Equal(["timeout", "ok"], items.EnumerateArray().Select(i => i.GetProperty("usage").GetProperty("state").GetString()!));
        Assert.Equal(["ok", "ok"], items.EnumerateArray().Select(i => i.GetProperty("processes").GetProperty("state").GetString()!));
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

        var items = (await host.GetJsonAsync("/containers")).GetProperty("items");

        Assert.All(items.EnumerateArray(), i => Assert.Equal("ok", i.GetProperty("usage").GetProperty("state").GetString()));
        Assert.Equal(8, mostTops);
    }

    [Fact]
    public async Task A_container_removed_during_the_collection_is_left_out()
    {
        var engine = Facts.Engine(Facts.Container('1'), Facts.Container('2'));
        engine.ListProcesses = (id, _) => id == Facts.Id('1')
            ? throw new EngineException(ErrorCode.ContainerNotFound, "local", "No such container")
            : Task.FromResult<IReadOnlyList<ProcessFacts>>([]);
        using var host = new ApiHost(engine);

        var list = await host.GetJsonAsync("/containers");

        Assert.Equal("c2", Assert.Single(list.GetProperty("items").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal(1, list.GetProperty("total").GetInt32());
        using var one = await host.Client.GetAsync("/containers/c1");
        await one.ReadProblemAsync(HttpStatusCode.NotFound, "container_not_found");
    }

    [Fact]
    public async Task Containers_that_share_a_network_have_the_same_counters()
    {
        var web = Facts.Container('a', "web");
        var engine = Facts.Engine(web, Facts.Container('b', "sidecar", network: "container:" + web.Id) with { Networks = [] });
        engine.ReadStatistics = (id, _) => Task.FromResult(Facts.Statistics(received: id == web.Id ? 1000 : 1010));
        using var host = new ApiHost(engine);

        var items = (await host.GetJsonAsync("/containers?sort=id")).GetProperty("items");

        Assert.Equal([1000, 1000], items.EnumerateArray().Select(i => i.GetProperty("network").GetProperty("rxBytes").GetInt64()));
        Assert.Equal(web.Id, items[1].GetProperty("network").GetProperty("sharedWith").GetString());
    }

    [Fact]
    public async Task The_owner_of_a_shared_network_is_found_though_a_filter_excludes_it()
    {
        var web = Facts.Container('a', "web", network: "host");
        var sidecar = Facts.Container('b', "sidecar", network: "container:" + web.Id) with { Networks = [] };
        var engine = Facts.Engine();
        engine.ListContainers = (filter, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>(filter.Filters!.ContainsKey("name") ? [sidecar] : [web]);
        engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics());
        using var host = new ApiHost(engine);

        var network = (await host.GetJsonAsync("/containers?name=side")).GetProperty("items")[0].GetProperty("network");

        Assert.Equal(("unsupported", web.Id), (network.GetProperty("state").GetString(), network.GetProperty("sharedWith").GetString()));
    }

    [Fact]
    public async Task An_unreachable_engine_is_an_entry_beside_other_rows()
    {
        var down = new FakeEngine { Name = "down", ApiVersion = null, ListContainers = (_, _) => throw new EngineException(ErrorCode.EngineUnavailable, "down", "It is gone.") };
        using var host = new ApiHost(Facts.Engine(Facts.Container('1')), down);

        var list = await host.GetJsonAsync("/containers");

        Assert.Single(list.GetProperty("items").EnumerateArray());
        Assert.Equal(
            """{"name":"down","state":"unavailable","apiVersion":null,"containers":null,"error":"It is gone."}""",
            list.GetProperty("engines")[1].GetRawText());
        using var table = await host.Client.GetAsync("/containers?format=table");
        Assert.Contains("! engine down is missing: It is gone.", await table.Content.ReadAsStringAsync());
        Assert.Equal("down", Assert.Single(table.Headers.GetValues("X-Missing-Engines")));
    }

    [Theory]
    [InlineData("engine_unavailable", "engine_unavailable", 503, "engine_unavailable")]
    [InlineData("engine_timeout", "engine_timeout", 504, "engine_timeout")]
    [InlineData("engine_error", "engine_error", 502, "engine_error")]
    [InlineData("engine_timeout", "engine_error", 503, "engine_unavailable")]
    internal async Task List_fails_only_when_every_engine_fails(string one, string two, int status, string code)
    {
        FakeEngine Failing(string name, string code) =>
            new() { Name = name, ListContainers = (_, _) => throw new EngineException(ErrorCode.Find(code)!, name, "No.") };
        using var host = new ApiHost(Failing("one", one), Failing("two", two));

        using var answer = await host.Client.GetAsync("/containers");

        await answer.ReadProblemAsync((HttpStatusCode)status, code);
    }

    [Fact]
    public async Task A_shared_collection_has_one_etag_and_returns_304()
    {
        var lists = 0;
        var engine = Facts.Engine(Facts.Container('1'));
        var list = engine.ListContainers;
        engine.ListContainers = (filter, token) => { lists++; return list(filter, token); };
        using var host = new ApiHost(engine);
        using var first = await host.Client.GetAsync("/containers?maxAge=3600");

        using var again = new HttpRequestMessage(HttpMethod.Get, "/containers") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        again.Headers.CacheControl = new CacheControlHeaderValue { MaxAge = TimeSpan.FromHours(1) };
        using var second = await host.Client.SendAsync(again);

        Assert.False(first.Headers.ETag!.IsWeak);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());
        Assert.Equal(1, lists);
        using var live = await host.Client.GetAsync("/containers");
        Assert.Equal(2, lists);
        using var table = await host.Client.GetAsync("/containers?maxAge=3600&format=table");
        Assert.NotEqual(first.Headers.ETag, table.Headers.ETag);
        Assert.Equal(2, lists);
    }

    [Fact]
    public async Task Rates_need_two_samples()
    {
        var received = 0L;
        var at = DateTimeOffset.UtcNow;
        var engine = Facts.Engine(Facts.Container('1'));
        engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics(received: received, at: at));
        var time = new FakeTimeProvider(Facts.Noon);
        await using var host = new ApiHost(engine).WithWebHostBuilder(b => b.ConfigureTestServices(s => s.AddSingleton<TimeProvider>(time)));
        using var client = host.CreateClient();
        await client.GetStringAsync("/containers");
        time.Advance(TimeSpan.FromSeconds(2));
        (received, at) = (4000, at.AddSeconds(2));

        var network = JsonDocument.Parse(await client.GetStringAsync("/containers")).RootElement.GetProperty("items")[0].GetProperty("network");

        Assert.Equal((2000, 2000), (network.GetProperty("rxBytesPerSecond").GetInt32(), network.GetProperty("rateWindowMs").GetInt32()));
    }

    [Fact]
    public async Task Get_container_returns_the_row()
    {
        using var host = new ApiHost(Facts.Engine(Facts.Container('1', "web"), Facts.Container('2')));

        Assert.Equal(Facts.Id('1'), (await host.GetJsonAsync("/containers/web")).GetProperty("id").GetString());
        Assert.Equal("web", (await host.GetJsonAsync("/containers/1111?include=none")).GetProperty("name").GetString());
        Assert.Equal("""{"name":"web"}""", (await host.GetJsonAsync("/containers/web?fields=name")).GetRawText());
        Assert.Equal(42, (await host.GetJsonAsync("/containers/web/processes")).GetProperty("items")[0].GetProperty("pid").GetInt32());
        var statistics = await host.GetJsonAsync("/containers/web/stats");
        Assert.Equal(1000, statistics.GetProperty("network").GetProperty("rxBytes").GetInt32());
        Assert.Equal(4096, statistics.GetProperty("usage").GetProperty("memoryBytes").GetInt32());
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

    [Fact]
    public async Task Only_the_named_engines_are_queried()
    {
        var other = Facts.EngineNamed("other", Facts.Container('2'));
        using var host = new ApiHost(Facts.Engine(Facts.Container('1')), other);

        var both = await host.GetJsonAsync("/containers?sort=engine");
        var one = await host.GetJsonAsync("/containers?engine=other");

        Assert.Equal(["local", "other"], both.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("engine").GetString()!));
        Assert.Equal("other", Assert.Single(one.GetProperty("engines").EnumerateArray()).GetProperty("name").GetString());
    }
}
