using System.Net.Http.Headers;

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
        string[] paths =
        [
            "id", "name", "image", "createdAt", "status", "processes.items.0.command", "networks.0.ipv4", "ports.0.hostPort", "network.rxBytes",
            "network.source", "usage.memoryBytes", "usage.cpuPercent",
        ];
        Assert.Equal(
            [
                Facts.Id('1'), "web", "busybox:latest", "2026-11-23T12:00:49Z", "Up 3 minutes", "sleep 100", "172.17.0.2", "8080", "1000",
                "engine", "4096", null,
            ],
            paths.Select(path => item.At(path)));
        Assert.False(item.GetProperty("usage").TryGetProperty("reason", out _));
        Assert.Equal(1, list.GetProperty("total").GetInt32());
        Assert.Equal(
            """[{"name":"local","state":"ok","apiVersion":"1.41","containers":1,"error":null,"since":null,"role":null,"availability":null}]""",
            list.GetProperty("engines").GetRawText());
    }

    [Fact]
    public async Task Container_removed_during_the_collection_is_left_out()
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
    public async Task Unreachable_engine_is_an_entry_beside_other_rows()
    {
        var down = new FakeEngine
        {
            Name = "down",
            ApiVersion = null,
            ListContainers = (_, _) => throw new EngineException(ErrorCode.EngineUnavailable, "down", "It is gone."),
        };
        using var host = new ApiHost(Facts.Engine(Facts.Container('1')), down);

        var list = await host.GetJsonAsync("/containers");

        Assert.Single(list.GetProperty("items").EnumerateArray());
        Assert.Equal(
            """
            {"name":"down","state":"unavailable","apiVersion":null,"containers":null,
            "error":{"code":"engine_unavailable","message":"It is gone."},"since":null,"role":null,"availability":null}
            """.ReplaceLineEndings(""),
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
    public async Task Shared_collection_has_one_etag_and_returns_304()
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

    [Theory]
    [InlineData(2, null, "2000")]
    [InlineData(360, 0, "2000")]
    [InlineData(360, 10, null)]         // restarted
    [InlineData(360, null, null)]       // unknown
    public async Task Rates_need_two_samples_of_one_run(int seconds, int? startedAt, string? rate)
    {
        var time = new FakeTimeProvider(Facts.Noon);
        var engine = Facts.Engine(Facts.Container('1'));
        engine.ReadStatistics = (_, _) => Task.FromResult(
            Facts.Statistics(received: 2000 * (long)(time.GetUtcNow() - Facts.Noon).TotalSeconds, at: time.GetUtcNow()));
        engine.InspectContainer = (_, _) => Task.FromResult(
            ContainerDetails.Of(Facts.Container('1')) with { StartedAt = startedAt is { } s ? Facts.Noon.AddSeconds(s) : null });
        using var host = new ApiHost(null, time, new Dictionary<string, string?>(), engine);
        await host.ItemsAsync();
        time.Advance(TimeSpan.FromSeconds(seconds));

        var network = (await host.ItemsAsync())[0].GetProperty("network");

        Assert.Equal((rate, rate is null ? null : $"{seconds * 1000}"), (network.At("rxBytesPerSecond"), network.At("rateWindowMs")));
    }

    [Fact]
    public async Task Only_the_named_engines_are_queried()
    {
        var other = Facts.EngineNamed("other", Facts.Container('2'));
        using var host = new ApiHost(Facts.Engine(Facts.Container('1')), other);

        var both = await host.GetJsonAsync("/containers?sort=engine");
        var one = await host.GetJsonAsync("/containers?engine=other");

        Assert.Equal(["local", "other"], both.GetProperty("items").EnumerateArray().Select(i => i.At("engine")));
        Assert.Equal("other", Assert.Single(one.GetProperty("engines").EnumerateArray()).GetProperty("name").GetString());
    }
}
