using ContainerApi.Containers;
using ContainerApi.Stubs;

namespace ContainerApi.Tests.Containers;

/// <summary>Lists of slow, broken, unusual and large engines, played by the Docker API stub.</summary>
public sealed class OddEngineTests : StubEngineTests
{
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
    public async Task Invalid_list_is_an_engine_error(string body)
    {
        await StartAsync();
        Stub.When("/containers/json", Behaviours.Answer(200, body.Replace("ID", Facts.Id('1'), StringComparison.Ordinal)));

        using var answer = await Host.Client.GetAsync("/containers");

        await answer.ReadProblemAsync(HttpStatusCode.BadGateway, "engine_error");
    }

    [Theory]
    [InlineData(false, HttpStatusCode.ServiceUnavailable, "engine_unavailable")]
    [InlineData(true, HttpStatusCode.GatewayTimeout, "engine_timeout")]
    public async Task Truncated_or_missing_list_is_an_error(bool isSilent, HttpStatusCode status, string code)
    {
        await StartAsync(callTimeout: isSilent ? TimeSpan.FromMilliseconds(300) : null);
        Stub.When("/containers/json", isSilent ? Behaviours.NeverAnswer : Behaviours.Half("""[{"Id":"a"},{"Id":"b"}]"""));

        using var answer = await Host.Client.GetAsync("/containers");

        await answer.ReadProblemAsync(status, code);
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
    public async Task Invalid_section_fails_alone(string call, string section, string body)
    {
        await StartAsync(new StubOptions { Running = 2 });
        var broken = Stub.Containers.All[0].Id;
        Stub.When(c => c.Path == $"/containers/{broken}/{call}", Behaviours.Answer(200, body));

        var items = await ItemsAsync();

        Assert.Equal(2, items.Count);
        Assert.All(items, i => Assert.Equal(Text(i, "id") == broken ? "error" : "ok", State(i, section)));
    }

    [Fact]
    public async Task Counters_above_the_maximum_are_saturated()
    {
        await StartAsync(new StubOptions { Running = 1 });
        const string Counters = """{"rx_bytes":18446744073709551615,"rx_packets":1,"tx_bytes":9223372036854775807,"tx_packets":1}""";
        const string Blocks = """[{"op":"Read","value":18446744073709551615},{"op":"read","value":18446744073709551615}]""";
        Stub.When("/containers/{id}/stats", async context => await Behaviours.Answer(200, $$$"""
            {
              "read":"{{{DateTimeOffset.UtcNow:O}}}",
              "networks":{"eth0":{{{Counters}}},"eth1":{{{Counters}}}},
              "blkio_stats":{"io_service_bytes_recursive":{{{Blocks}}}}
            }
            """)(context));

        for (var n = 0; n < 2; n++)
        {
            var item = await FirstAsync();

            Assert.Equal(long.MaxValue, item.GetProperty("network").GetProperty("rxBytes").GetInt64());
            Assert.Equal(long.MaxValue, item.GetProperty("usage").GetProperty("blockReadBytes").GetInt64());
        }
    }

    [Fact]
    public async Task Container_removed_during_a_statistics_call_is_left_out()
    {
        await StartAsync(new StubOptions { Running = 2 });
        var removed = Stub.Containers.All[0];
        var gate = new TaskCompletionSource();
        // The engine returns an empty answer for a container that was removed while it waited for its statistics.
        using var held = Stub.When("/containers/{id}/stats", async context =>
        {
            await gate.Task.WaitAsync(context.RequestAborted);
            return context.Request.Path.Value!.Contains(removed.Id, StringComparison.Ordinal);
        });
        var answer = Host.GetJsonAsync("/containers?include=network");
        await Stub.Calls.WaitForAsync("/containers/{id}/stats", 2);

        Stub.Containers.Remove(removed);
        gate.SetResult();

        Assert.NotEqual(removed.Id, Text(Assert.Single((await answer).GetProperty("items").EnumerateArray()), "id"));
    }

    [Theory]
    [InlineData("1.41")]
    [InlineData("1.52")]
    public async Task Paused_container_keeps_its_health(string api)
    {
        await StartAsync(new StubOptions { Running = 2, ApiVersion = api });
        var paused = Stub.Containers.All[0];
        (paused.State, paused.Status, paused.Health) = ("paused", "Up 3 minutes (Paused)", "unhealthy");

        var items = await ItemsAsync("?all=true&health=unhealthy&include=none");

        Assert.Equal((paused.Id, "unhealthy"), (Text(items.Single(), "id"), Text(items.Single(), "health")));
    }

    [Fact]
    public async Task Changes_during_a_collection_appear_in_the_next()
    {
        await StartAsync(new StubOptions { Running = 3 });
        var (renamed, paused, stopped) = (Stub.Containers.All[0], Stub.Containers.All[1], Stub.Containers.All[2]);
        var oldName = renamed.Name;
        var gate = new TaskCompletionSource();
        using var held = Stub.When("/containers/{id}/top", Behaviours.Hold(gate.Task));
        var during = ItemsAsync("?all=true");
        await Stub.Calls.WaitForAsync("/containers/{id}/top", 3);
        renamed.Name = "renamed";
        (paused.State, paused.Status) = ("paused", "Up 3 minutes (Paused)");
        (stopped.State, stopped.Status) = ("exited", "Exited (0) Less than a second ago");
        Stub.Containers.Add(StubContainer.Generate(99));
        gate.SetResult();

        var before = (await during).ToDictionary(i => Text(i, "id")!);
        var after = (await ItemsAsync("?all=true")).ToDictionary(i => Text(i, "id")!);

        Assert.Equal(3, before.Count);
        Assert.Equal((oldName, "ok"), (Text(before[renamed.Id], "name"), State(before[renamed.Id], "processes")));
        Assert.Equal(("running", "ok"), (Text(before[paused.Id], "state"), State(before[paused.Id], "processes")));
        Assert.Equal("not_running", State(before[stopped.Id], "processes"));
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
    public async Task Stopped_container_costs_no_section_call(string state, string status)
    {
        await StartAsync(new StubOptions { Running = 1 });
        (Stub.Containers.All[0].State, Stub.Containers.All[0].Status) = (state, status);

        var item = await FirstAsync($"?state={state}");

        Assert.Equal((state, status), (Text(item, "state"), Text(item, "status")));
        Assert.All(new[] { "processes", "network", "usage" }, s => Assert.Equal("not_running", State(item, s)));
        Assert.Equal(0, Stub.Calls.Count("/containers/{id}/top") + Stub.Calls.Count("/containers/{id}/stats"));
    }

    [Fact]
    public async Task Restart_during_a_collection_resets_the_rates()
    {
        await StartAsync(new StubOptions { Running = 1 });
        var container = Stub.Containers.All[0];
        await Host.GetJsonAsync("/containers");
        var gate = new TaskCompletionSource();
        using var held = Stub.When("/containers/{id}/top", Behaviours.Hold(gate.Task));
        var during = FirstAsync();
        await Stub.Calls.WaitForAsync("/containers/{id}/top", 2);
        await Stub.Calls.WaitForAsync("/containers/{id}/stats", 2);

        // A restart between the two calls: other processes than before, and counters from zero.
        container.Processes = [new StubProcess(9000, 3999, 0, "root", 0, 0, "sleep 1000")];
        (container.Status, container.Created) = ("Up Less than a second", DateTimeOffset.UtcNow.AddSeconds(-1));
        gate.SetResult();
        var row = await during;
        var next = await FirstAsync();

        var pid = row.GetProperty("processes").GetProperty("items")[0].GetProperty("pid").GetInt32();
        Assert.Equal(("running", "ok", 9000), (Text(row, "state"), State(row, "processes"), pid));
        Assert.Equal("Up Less than a second", Text(next, "status"));
        Assert.Equal(JsonValueKind.Null, next.GetProperty("network").GetProperty("rxBytesPerSecond").ValueKind);
        Assert.Equal(JsonValueKind.Null, next.GetProperty("usage").GetProperty("cpuPercent").ValueKind);
    }

    [Fact]
    public async Task Labels_with_special_characters_can_be_filtered()
    {
        await StartAsync(new StubOptions { Running = 1 });
        Stub.Containers.Add(With(500, labels: new() { ["größe"] = "漢字 \"x\"", ["formula"] = "a=b=c", ["empty"] = "" }));

        var labels = string.Join('&', new[] { "formula=a=b=c", "größe=漢字 \"x\"", "empty" }.Select(l => "label=" + Uri.EscapeDataString(l)));
        var item = Assert.Single(await ItemsAsync("?" + labels));

        Assert.Equal("a=b=c", Text(item.GetProperty("labels"), "formula"));
        Assert.Equal("漢字 \"x\"", Text(item.GetProperty("labels"), "größe"));
        Assert.Equal("", Text(item.GetProperty("labels"), "empty"));
    }

    [Fact]
    public async Task All_ports_can_be_published()
    {
        await StartAsync();
        Stub.Containers.Add(With(500, ports: [.. Enumerable.Range(1, 65535).Select(p => new StubPort(p, "0.0.0.0", p))]));

        var item = await FirstAsync();

        Assert.Equal(65535, item.GetProperty("ports").GetArrayLength());
        Assert.Contains("0.0.0.0:1-65535->1-65535/tcp", await Host.Client.GetStringAsync("/containers?format=table"));
    }

    [Fact]
    public async Task Name_goes_before_an_id_prefix_and_ambiguous_prefix_is_a_409()
    {
        await StartAsync();
        Stub.Containers.Add(new StubContainer { Id = "ab" + new string('0', 62), Name = "web" });
        Stub.Containers.Add(new StubContainer { Id = "ab" + new string('1', 62), Name = "web-2" });
        Stub.Containers.Add(new StubContainer { Id = "cd" + new string('2', 62), Name = "ab0" });

        Assert.Equal("web", Text(await Host.GetJsonAsync("/containers/web"), "name"));
        Assert.Equal("cd" + new string('2', 62), Text(await Host.GetJsonAsync("/containers/ab0"), "id"));
        Assert.Equal("web", Text(await Host.GetJsonAsync("/containers/ab00"), "name"));
        using var ambiguous = await Host.Client.GetAsync("/containers/ab");
        var problem = await ambiguous.ReadProblemAsync(HttpStatusCode.Conflict, "ambiguous_reference");
        Assert.Equal(["web", "web-2"], problem.GetProperty("matches").EnumerateArray().Select(m => Text(m, "name")).Order());
        var detail = Text(problem, "detail")!;
        Assert.Contains("web on local", detail);
        Assert.Contains("web-2 on local", detail);
        Assert.DoesNotContain("cd22", detail);
    }

    [Fact]
    public async Task The_API_version_is_negotiated_again_after_a_reconnect()
    {
        await StartAsync(new StubOptions { Running = 2 });
        Assert.Equal("1.41", Text((await Host.GetJsonAsync("/containers")).GetProperty("engines")[0], "apiVersion"));
        await Stub.StopAsync();
        using (var unreachable = await Host.Client.GetAsync("/containers"))
        {
            await unreachable.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
        }

        await Stub.StartAgainAsync(new StubOptions { ApiVersion = "1.52", MinApiVersion = "1.44" });

        var list = await Host.GetJsonAsync("/containers");
        Assert.Equal("1.52", Text(list.GetProperty("engines")[0], "apiVersion"));
        Assert.Equal(2, list.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(5000)]
    public async Task Thousands_of_containers_are_listed_and_paged_completely(int count)
    {
        // Long timeouts, because the test is not about time.
        var limits = new CollectionLimits { Section = TimeSpan.FromMinutes(2), Engine = TimeSpan.FromMinutes(2) };
        await StartAsync(new StubOptions { Running = count }, limits: limits);

        var list = await Host.GetJsonAsync("/containers?include=network,usage");
        Assert.Equal(count, list.GetProperty("total").GetInt32());
        Assert.All(list.GetProperty("items").EnumerateArray(), i => Assert.Equal("ok", State(i, "usage")));
        Assert.Equal(count, Stub.Calls.Count("/containers/{id}/stats"));

        var seen = new HashSet<string>();
        var cursor = "";
        do
        {
            var page = await Host.GetJsonAsync($"/containers?include=none&sort=name&limit={count / 4 + 1}{cursor}");
            Assert.All(page.GetProperty("items").EnumerateArray(), i => Assert.True(seen.Add(Text(i, "id")!)));
            cursor = Text(page, "nextCursor") is { } next ? "&cursor=" + Uri.EscapeDataString(next) : "";
        }
        while (cursor.Length > 0);

        Assert.Equal(count, seen.Count);
    }

    private static StubContainer With(int n, Dictionary<string, string>? labels = null, IReadOnlyList<StubPort>? ports = null) => new()
    {
        Id = n.ToString("x64", System.Globalization.CultureInfo.InvariantCulture),
        Name = "odd" + n,
        Labels = labels ?? [],
        Ports = ports ?? [],
    };
}
