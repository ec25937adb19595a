using System.Net;
using System.Text.Json;
using ContainerApi.Containers;
using ContainerApi.Engine;
using ContainerApi.Engine.Docker;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Containers;

/// <summary>Lists of slow, broken, unusual and large engines, played by the Docker API stub.</summary>
public sealed class OddEngineTests : IAsyncLifetime
{
    private DockerApiStub _engine = null!;
    private DockerEngine _adapter = null!;
    private ApiHost _host = null!;

    private HttpClient Client => _host.Client;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _adapter.Dispose();
        await _engine.DisposeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("{}")]
    [InlineData("[{}]")]
    [InlineData("""[{"Id":"short","Created":1}]""")]
    [InlineData("""[{"Id":"ID","Created":-1}]""")]
    [InlineData("""[{"Id":"ID","Created":999999999999999}]""")]
    [InlineData("""[{"Id":"ID","Names":[null]}]""")]
    [InlineData("""[{"Id":"ID","Ports":[null]}]""")]
    [InlineData("""[{"Id":"ID","Labels":{"a":null}}]""")]
    [InlineData("""[{"Id":"ID","Labels":[]}]""")]
    [InlineData("""[{"Id":"ID"}""")]
    [InlineData("<html>It works!</html>")]
    public async Task An_invalid_list_is_an_engine_error(string body)
    {
        await StartAsync(new StubOptions());
        _engine.When("/containers/json", Behaviours.Answer(200, body.Replace("ID", Facts.Id('1'), StringComparison.Ordinal)));

        using var answer = await Client.GetAsync("/containers");

        await answer.ReadProblemAsync(HttpStatusCode.BadGateway, "engine_error");
    }

    [Fact]
    public async Task A_truncated_list_is_engine_unavailable()
    {
        await StartAsync(new StubOptions());
        _engine.When("/containers/json", Behaviours.Half("""[{"Id":"a"},{"Id":"b"}]"""));

        using var answer = await Client.GetAsync("/containers");

        await answer.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
    }

    [Fact]
    public async Task A_silent_engine_times_out()
    {
        await StartAsync(new StubOptions(), callTimeout: TimeSpan.FromMilliseconds(300));
        _engine.When("/containers/json", Behaviours.NeverAnswer);

        using var answer = await Client.GetAsync("/containers");

        await answer.ReadProblemAsync(HttpStatusCode.GatewayTimeout, "engine_timeout");
    }

    [Theory]
    [InlineData("top", "processes", "")]
    [InlineData("top", "processes", "null")]
    [InlineData("top", "processes", "[]")]
    [InlineData("top", "processes", """{"Titles":[null],"Processes":[["1"]]}""")]
    [InlineData("top", "processes", """{"Titles":["PID"],"Processes":[null]}""")]
    [InlineData("stats", "usage", "")]
    [InlineData("stats", "usage", "null")]
    [InlineData("stats", "usage", """{"read":"yesterday"}""")]
    [InlineData("stats", "usage", """{"read":"2026-11-01T12:00:00Z","networks":{"eth0":null}}""")]
    [InlineData("stats", "usage", """{"read":"2026-11-01T12:00:00Z","blkio_stats":{"io_service_bytes_recursive":[null]}}""")]
    [InlineData("stats", "usage", """{"read":"2026-11-01T12:00:00Z","cpu_stats":{"cpu_usage":{"total_usage":-1}}}""")]
    public async Task An_invalid_section_fails_alone(string call, string section, string body)
    {
        await StartAsync(new StubOptions { Running = 2 });
        var broken = _engine.Containers.All[0].Id;
        _engine.When(c => c.Path == $"/containers/{broken}/{call}", Behaviours.Answer(200, body));

        var items = (await _host.GetJsonAsync("/containers")).GetProperty("items").EnumerateArray().ToList();

        Assert.Equal(2, items.Count);
        Assert.All(items, i => Assert.Equal(Text(i, "id") == broken ? "error" : "ok", Text(i.GetProperty(section), "state")));
    }

    [Fact]
    public async Task Counters_above_the_maximum_are_saturated()
    {
        await StartAsync(new StubOptions { Running = 1 });
        const string Most = """{"rx_bytes":18446744073709551615,"rx_packets":18446744073709551615,"rx_errors":0,"rx_dropped":0,"tx_bytes":9223372036854775807,"tx_packets":1,"tx_errors":0,"tx_dropped":0}""";
        const string Blocks = """[{"op":"Read","value":18446744073709551615},{"op":"read","value":18446744073709551615}]""";
        _engine.When("/containers/{id}/stats", async context =>
            await Behaviours.Answer(200, $$$"""{"read":"{{{DateTimeOffset.UtcNow:O}}}","networks":{"eth0":{{{Most}}},"eth1":{{{Most}}} },"blkio_stats":{"io_service_bytes_recursive":{{{Blocks}}} } }""")(context));

        for (var n = 0; n < 2; n++)
        {
            var item = (await _host.GetJsonAsync("/containers")).GetProperty("items")[0];

            Assert.Equal(long.MaxValue, item.GetProperty("network").GetProperty("rxBytes").GetInt64());
            Assert.Equal(long.MaxValue, item.GetProperty("usage").GetProperty("blockReadBytes").GetInt64());
        }
    }

    [Fact]
    public async Task A_container_removed_during_a_statistics_call_is_left_out()
    {
        await StartAsync(new StubOptions { Running = 2, StatisticsTick = TimeSpan.FromMilliseconds(300) });
        var goes = _engine.Containers.All[0];
        var answer = _host.GetJsonAsync("/containers?include=network");
        await _engine.Calls.WaitForAsync("/containers/{id}/stats", 2);

        _engine.Containers.Remove(goes);

        Assert.NotEqual(goes.Id, Text(Assert.Single((await answer).GetProperty("items").EnumerateArray()), "id"));
    }

    [Fact]
    public async Task Changes_during_a_collection_appear_in_the_next()
    {
        await StartAsync(new StubOptions { Running = 3 });
        var (renamed, paused, stopped) = (_engine.Containers.All[0], _engine.Containers.All[1], _engine.Containers.All[2]);
        var oldName = renamed.Name;
        var gate = new TaskCompletionSource();
        using var held = _engine.When("/containers/{id}/top", Behaviours.Hold(gate.Task));
        var during = _host.GetJsonAsync("/containers?all=true");
        await _engine.Calls.WaitForAsync("/containers/{id}/top", 3);
        renamed.Name = "renamed";
        (paused.State, paused.Status) = ("paused", "Up 3 minutes (Paused)");
        (stopped.State, stopped.Status) = ("exited", "Exited (0) Less than a second ago");
        _engine.Containers.Add(StubContainer.Generate(99));
        gate.SetResult();

        var before = (await during).GetProperty("items").EnumerateArray().ToDictionary(i => Text(i, "id")!);
        var after = (await _host.GetJsonAsync("/containers?all=true")).GetProperty("items").EnumerateArray().ToDictionary(i => Text(i, "id")!);

        Assert.Equal(3, before.Count);
        Assert.Equal((oldName, "ok"), (Text(before[renamed.Id], "name"), Text(before[renamed.Id].GetProperty("processes"), "state")));
        Assert.Equal(("running", "ok"), (Text(before[paused.Id], "state"), Text(before[paused.Id].GetProperty("processes"), "state")));
        Assert.Equal("not_running", Text(before[stopped.Id].GetProperty("processes"), "state"));
        Assert.Equal(4, after.Count);
        Assert.Equal("renamed", Text(after[renamed.Id], "name"));
        Assert.Equal("paused", Text(after[paused.Id], "state"));
        Assert.Equal(("exited", "Exited (0) Less than a second ago"), (Text(after[stopped.Id], "state"), Text(after[stopped.Id], "status")));
    }

    [Theory]
    [InlineData("restarting", "Restarting (1) 3 seconds ago")]
    [InlineData("removing", "Removal In Progress")]
    [InlineData("dead", "Dead")]
    [InlineData("created", "Created")]
    [InlineData("exited", "Exited (137) 3 hours ago")]
    public async Task A_stopped_container_costs_no_section_call(string state, string status)
    {
        await StartAsync(new StubOptions { Running = 1 });
        (_engine.Containers.All[0].State, _engine.Containers.All[0].Status) = (state, status);

        var item = (await _host.GetJsonAsync($"/containers?state={state}")).GetProperty("items")[0];

        Assert.Equal((state, status), (Text(item, "state"), Text(item, "status")));
        Assert.All(new[] { "processes", "network", "usage" }, s => Assert.Equal("not_running", Text(item.GetProperty(s), "state")));
        Assert.Equal(0, _engine.Calls.Count("/containers/{id}/top") + _engine.Calls.Count("/containers/{id}/stats"));
    }

    [Theory]
    [InlineData(HostPs.Procps, "ok", 7, "2026")]
    [InlineData(HostPs.Busybox, "ok", null, null)]
    [InlineData(HostPs.Missing, "unsupported", null, null)]
    public async Task Processes_have_the_columns_of_the_hosts_ps(HostPs ps, string state, int? parent, string? started)
    {
        await StartAsync(new StubOptions { Running = 1, Ps = ps });
        _engine.Containers.All[0].Processes = [new StubProcess(8, 7, 1000, "domain users", 5, 2, "sh -c echo 1 2 3; sleep 9")];

        var section = (await _host.GetJsonAsync("/containers")).GetProperty("items")[0].GetProperty("processes");

        Assert.Equal(state, Text(section, "state"));
        if (state == "ok")
        {
            var process = Assert.Single(section.GetProperty("items").EnumerateArray());
            Assert.Equal(8, process.GetProperty("pid").GetInt32());
            Assert.Equal(parent, process.GetProperty("parentPid") is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null);
            Assert.Equal("domain users", Text(process, "user"));
            Assert.Equal("sh -c echo 1 2 3; sleep 9", Text(process, "command"));
            Assert.Equal(started is null, process.GetProperty("startedAt").ValueKind == JsonValueKind.Null);
        }
    }

    [Fact]
    public async Task A_ps_with_fewer_columns_is_retried_once()
    {
        await StartAsync(new StubOptions { Running = 3, Ps = HostPs.Busybox });
        await _host.GetJsonAsync("/containers?include=processes");
        _engine.Calls.Clear();

        var items = (await _host.GetJsonAsync("/containers?include=processes")).GetProperty("items").EnumerateArray().ToList();

        Assert.All(items, i => Assert.Equal("ok", Text(i.GetProperty("processes"), "state")));
        Assert.Equal(3, _engine.Calls.Count("/containers/{id}/top"));
    }

    [Fact]
    public async Task The_columns_of_ps_are_tried_again_after_a_reconnect()
    {
        await StartAsync(new StubOptions { Running = 1, Ps = HostPs.Busybox });
        Assert.Equal(JsonValueKind.Null, (await StartedAtAsync()).ValueKind);
        await _engine.StopAsync();
        using (await Client.GetAsync("/containers"))
        {
        }

        await _engine.StartAgainAsync(new StubOptions { Ps = HostPs.Procps });

        Assert.Equal(JsonValueKind.String, (await StartedAtAsync()).ValueKind);
        async Task<JsonElement> StartedAtAsync() =>
            (await _host.GetJsonAsync("/containers?include=processes")).GetProperty("items")[0].GetProperty("processes").GetProperty("items")[0].GetProperty("startedAt");
    }

    [Theory]
    [InlineData("sh -c 'echo  \"a\"'  \\ b")]
    [InlineData("sh -c echo\nend\ttab")]
    [InlineData("sp\u00e4te Gr\u00fc\u00dfe \u6f22\u5b57 \ufffd")]
    [InlineData("[kworker/0:1]")]
    [InlineData("100 KB")]
    public async Task A_command_line_is_returned_as_ps_prints_it(string command)
    {
        command = command == "100 KB" ? "sh " + new string('x', 100 * 1024) : command;
        await StartAsync(new StubOptions { Running = 1 });
        _engine.Containers.All[0].Processes = [new StubProcess(8, 7, 1000, "1000", 5, 2, command)];

        var section = (await _host.GetJsonAsync("/containers?include=processes")).GetProperty("items")[0].GetProperty("processes");

        Assert.Equal(command, Text(Assert.Single(section.GetProperty("items").EnumerateArray()), "command"));
    }

    [Fact]
    public async Task A_restart_during_a_collection_resets_the_rates()
    {
        await StartAsync(new StubOptions { Running = 1 });
        var container = _engine.Containers.All[0];
        await _host.GetJsonAsync("/containers");
        var gate = new TaskCompletionSource();
        using var held = _engine.When("/containers/{id}/top", Behaviours.Hold(gate.Task));
        var during = _host.GetJsonAsync("/containers");
        await _engine.Calls.WaitForAsync("/containers/{id}/top", 2);
        await _engine.Calls.WaitForAsync("/containers/{id}/stats", 2);

        // Restarted after its statistics were read and before its processes were: others than before, and counters from nothing.
        container.Processes = [new StubProcess(9000, 3999, 0, "root", 0, 0, "sleep 1000")];
        (container.Status, container.Created) = ("Up Less than a second", DateTimeOffset.UtcNow.AddSeconds(-1));
        gate.SetResult();
        var row = (await during).GetProperty("items")[0];
        var next = (await _host.GetJsonAsync("/containers")).GetProperty("items")[0];

        Assert.Equal(("running", "ok", 9000), (Text(row, "state"), Text(row.GetProperty("processes"), "state"),
            row.GetProperty("processes").GetProperty("items")[0].GetProperty("pid").GetInt32()));
        Assert.Equal("Up Less than a second", Text(next, "status"));
        Assert.Equal(JsonValueKind.Null, next.GetProperty("network").GetProperty("rxBytesPerSecond").ValueKind);
        Assert.Equal(JsonValueKind.Null, next.GetProperty("usage").GetProperty("cpuPercent").ValueKind);
    }

    [Fact]
    public async Task Labels_with_special_characters_can_be_filtered()
    {
        await StartAsync(new StubOptions { Running = 1 });
        _engine.Containers.Add(With(500, labels: new() { ["größe"] = "漢字 \"x\"", ["formula"] = "a=b=c", ["empty"] = "" }));

        var item = Assert.Single((await _host.GetJsonAsync("/containers?label=" + Uri.EscapeDataString("formula=a=b=c") + "&label=" + Uri.EscapeDataString("größe=漢字 \"x\"") + "&label=empty"))
            .GetProperty("items").EnumerateArray());

        Assert.Equal("a=b=c", Text(item.GetProperty("labels"), "formula"));
        Assert.Equal("漢字 \"x\"", Text(item.GetProperty("labels"), "größe"));
        Assert.Equal("", Text(item.GetProperty("labels"), "empty"));
    }

    [Fact]
    public async Task All_ports_can_be_published()
    {
        await StartAsync(new StubOptions());
        _engine.Containers.Add(With(500, ports: [.. Enumerable.Range(1, 65535).Select(p => new StubPort(p, "0.0.0.0", p))]));

        var item = (await _host.GetJsonAsync("/containers")).GetProperty("items")[0];

        Assert.Equal(65535, item.GetProperty("ports").GetArrayLength());
        Assert.Contains("0.0.0.0:1-65535->1-65535/tcp", await Client.GetStringAsync("/containers?format=table"));
    }

    [Fact]
    public async Task A_name_goes_before_an_id_prefix_and_an_ambiguous_prefix_names_the_candidates()
    {
        await StartAsync(new StubOptions());
        _engine.Containers.Add(new StubContainer { Id = "ab" + new string('0', 62), Name = "web" });
        _engine.Containers.Add(new StubContainer { Id = "ab" + new string('1', 62), Name = "web-2" });
        _engine.Containers.Add(new StubContainer { Id = "cd" + new string('2', 62), Name = "ab0" });

        Assert.Equal("web", Text(await _host.GetJsonAsync("/containers/web"), "name"));
        Assert.Equal("cd" + new string('2', 62), Text(await _host.GetJsonAsync("/containers/ab0"), "id"));
        Assert.Equal("web", Text(await _host.GetJsonAsync("/containers/ab00"), "name"));
        using var ambiguous = await Client.GetAsync("/containers/ab");
        var detail = Text(await ambiguous.ReadProblemAsync(HttpStatusCode.Conflict, "conflict"), "detail")!;
        Assert.Contains("web on local", detail);
        Assert.Contains("web-2 on local", detail);
        Assert.DoesNotContain("cd22", detail);
    }

    [Fact]
    public async Task The_API_version_is_negotiated_again_after_a_reconnect()
    {
        await StartAsync(new StubOptions { Running = 2 });
        Assert.Equal("1.41", Text((await _host.GetJsonAsync("/containers")).GetProperty("engines")[0], "apiVersion"));
        await _engine.StopAsync();
        using (var away = await Client.GetAsync("/containers"))
        {
            await away.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        }

        await _engine.StartAgainAsync(new StubOptions { ApiVersion = "1.52", MinApiVersion = "1.44" });

        var list = await _host.GetJsonAsync("/containers");
        Assert.Equal("1.52", Text(list.GetProperty("engines")[0], "apiVersion"));
        Assert.Equal(2, list.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(5000)]
    public async Task Thousands_of_containers_are_listed_and_paged_completely(int count)
    {
        // A slow machine is no reason to give up: this is about all being there, not about time.
        await StartAsync(new StubOptions { Running = count }, limits: new CollectionLimits { Section = TimeSpan.FromMinutes(2), Engine = TimeSpan.FromMinutes(2) });

        var list = await _host.GetJsonAsync("/containers?include=network,usage");
        Assert.Equal(count, list.GetProperty("total").GetInt32());
        Assert.All(list.GetProperty("items").EnumerateArray(), i => Assert.Equal("ok", Text(i.GetProperty("usage"), "state")));
        Assert.Equal(count, _engine.Calls.Count("/containers/{id}/stats"));

        var seen = new HashSet<string>();
        var cursor = "";
        do
        {
            var page = await _host.GetJsonAsync($"/containers?include=none&sort=name&limit={count / 4 + 1}{cursor}");
            Assert.All(page.GetProperty("items").EnumerateArray(), i => Assert.True(seen.Add(Text(i, "id")!)));
            cursor = Text(page, "nextCursor") is { } next ? "&cursor=" + Uri.EscapeDataString(next) : "";
        }
        while (cursor.Length > 0);

        Assert.Equal(count, seen.Count);
    }

    private async Task StartAsync(StubOptions options, TimeSpan? callTimeout = null, CollectionLimits? limits = null)
    {
        _engine = await DockerApiStub.StartAsync(options);
        _adapter = new DockerEngine(
            new EngineOptions { Name = "local", Endpoint = _engine.Endpoint, CallTimeout = callTimeout ?? TimeSpan.FromMinutes(2) }, TimeProvider.System);
        _host = new ApiHost(limits, new Dictionary<string, string?>(), _adapter);
    }

    private static StubContainer With(int n, Dictionary<string, string>? labels = null, IReadOnlyList<StubPort>? ports = null) => new()
    {
        Id = n.ToString("x64", System.Globalization.CultureInfo.InvariantCulture),
        Name = "odd" + n,
        Labels = labels ?? [],
        Ports = ports ?? [],
    };

    private static string? Text(JsonElement element, string member) => element.GetProperty(member).GetString();
}
