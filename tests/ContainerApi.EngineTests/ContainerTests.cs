using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ContainerApi.EngineTests;

/// <summary>The container picture against what the engine itself says of the same containers.</summary>
[Collection(EngineCollection.Name)]
public sealed class ContainerTests(EngineFixture fixture)
{
    private static readonly string[] Sleep = ["sleep", "1000"];

    [Fact]
    public async Task Every_field_is_what_the_engine_itself_says()
    {
        var name = fixture.UniqueName("nine");
        var id = await fixture.CreateAsync(
            new
            {
                Cmd = new[] { "sh", "-c", "sleep 1000 & exec sleep 1001" },
                ExposedPorts = new Dictionary<string, object> { ["80/tcp"] = new(), ["53/udp"] = new() },
                HostConfig = new { PortBindings = new Dictionary<string, object> { ["80/tcp"] = new[] { new { HostPort = "" } } } },
                Labels = new Dictionary<string, string> { ["key"] = "a=b", ["ключ"] = "значение" },
            },
            name);

        // Until both sleep, they are shells that are about to.
        JsonNode top = null!;
        await EngineFixture.UntilAsync(async () => (top = await EngineAsync($"containers/{id}/top?ps_args=-eo%20pid,args"))["Processes"]!.AsArray().Count(p => p![1]!.GetValue<string>().StartsWith("sleep", StringComparison.Ordinal)) == 2);
        var item = await ItemAsync(id);
        var inspect = await EngineAsync($"containers/{id}/json");
        var stats = await EngineAsync($"containers/{id}/stats?stream=false");

        Assert.Equal(name, item["name"]!.GetValue<string>());
        Assert.Equal(inspect["Name"]!.GetValue<string>(), "/" + item["name"]);
        Assert.Equal(inspect["Id"]!.GetValue<string>(), item["id"]!.GetValue<string>());
        Assert.Equal(id[..12], item["shortId"]!.GetValue<string>());
        Assert.Equal(inspect["Config"]!["Image"]!.GetValue<string>(), item["image"]!.GetValue<string>());
        Assert.Equal(inspect["Image"]!.GetValue<string>(), item["imageId"]!.GetValue<string>());
        Assert.Equal(inspect["Created"]!.GetValue<DateTimeOffset>(), item["createdAt"]!.GetValue<DateTimeOffset>(), TimeSpan.FromSeconds(1));
        Assert.Equal("running", item["state"]!.GetValue<string>());
        Assert.StartsWith("Up ", item["status"]!.GetValue<string>());
        Assert.Equal("значение", item["labels"]!["ключ"]!.GetValue<string>());
        Assert.Equal("a=b", item["labels"]!["key"]!.GetValue<string>());

        var bridge = inspect["NetworkSettings"]!["Networks"]!["bridge"]!;
        var network = Assert.Single(item["networks"]!.AsArray())!;
        Assert.Equal(
            ("bridge", bridge["IPAddress"]!.GetValue<string>(), bridge["Gateway"]!.GetValue<string>(), bridge["MacAddress"]!.GetValue<string>()),
            (Text(network, "name"), Text(network, "ipv4"), Text(network, "gateway"), Text(network, "mac")));

        var published = inspect["NetworkSettings"]!["Ports"]!["80/tcp"]!.AsArray()
            .Select(p => $"80/tcp {p!["HostIp"]}:{p["HostPort"]}").Order();
        Assert.Equal(published.Append("53/udp :").Order(), item["ports"]!.AsArray()
            .Select(p => $"{p!["containerPort"]}/{p["protocol"]} {p["hostIp"]}:{p["hostPort"]}").Order());

        Assert.Equal(
            top["Processes"]!.AsArray().Select(p => $"{p![0]} {p[1]}").Order(),
            item["processes"]!["items"]!.AsArray().Select(p => $"{p!["pid"]} {p["command"]}").Order());
        Assert.Contains(item["processes"]!["items"]!.AsArray(), p => p!["parentPid"]!.GetValue<int>() == inspect["State"]!["Pid"]!.GetValue<int>());

        var traffic = item["network"]!;
        var eth0 = stats["networks"]!["eth0"]!;
        Assert.Equal(["eth0"], traffic["interfaces"]!.AsObject().Select(i => i.Key));
        // The engine was asked later: neighbours' broadcasts may have come in between.
        Assert.InRange(traffic["rxBytes"]!.GetValue<long>(), 1, eth0["rx_bytes"]!.GetValue<long>());
        Assert.InRange(traffic["txBytes"]!.GetValue<long>(), 0, eth0["tx_bytes"]!.GetValue<long>());
        Assert.Equal("bridge", Text(traffic, "mode"));

        var usage = item["usage"]!;
        Assert.Equal(stats["memory_stats"]!["limit"]!.GetValue<long>(), usage["memoryLimitBytes"]!.GetValue<long>());
        Assert.Equal(2, usage["pids"]!.GetValue<long>());
        Assert.InRange(usage["memoryBytes"]!.GetValue<long>(), 1, 64 * 1024 * 1024);
        Assert.All(new[] { "processes", "network", "usage" }, s => Assert.Equal("ok", Text(item[s]!, "state")));
    }

    [Fact]
    public async Task A_container_without_processes_says_so_in_every_state()
    {
        var created = await fixture.CreateAsync(new { Cmd = Sleep }, start: false);
        var exited = await fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "exit 7" } });
        var restarting = await fixture.CreateAsync(new { Cmd = new[] { "false" }, HostConfig = new { RestartPolicy = new { Name = "always" } } });
        await StateAsync(exited, "exited");
        // Docker waits longer from one attempt to the next: soon it rests more than it runs.
        JsonNode resting = new JsonObject();
        await EngineFixture.UntilAsync(async () => Text(resting = await ItemAsync(restarting), "state") == "restarting");

        Assert.StartsWith("Restarting (1)", Text(resting, "status"));
        Assert.Equal("not_running", Text(resting["processes"]!, "state"));
        Assert.Equal("created", Text(await ItemAsync(created), "state"));
        var stopped = await ItemAsync(exited);
        Assert.Equal("exited", Text(stopped, "state"));
        Assert.StartsWith("Exited (7)", Text(stopped, "status"));
        foreach (var section in new[] { "processes", "network", "usage" })
        {
            Assert.Equal("not_running", Text(stopped[section]!, "state"));
            Assert.NotNull(stopped[section]!["reason"]);
            Assert.Null(stopped[section]!["source"]);
        }

        Assert.Null(stopped["processes"]!["items"]);
        Assert.Null(stopped["network"]!["rxBytes"]);
        Assert.Null(stopped["usage"]!["memoryBytes"]);
        using var processes = await fixture.Client.GetAsync($"/containers/{exited}/processes");
        Assert.Equal(HttpStatusCode.Conflict, processes.StatusCode);
    }

    [Fact]
    public async Task A_paused_container_is_read_like_a_running_one()
    {
        var id = await fixture.CreateAsync(new { Cmd = Sleep });
        await fixture.PostAsync($"containers/{id}/pause");
        try
        {
            var item = await ItemAsync(id);

            Assert.Equal("paused", Text(item, "state"));
            Assert.EndsWith("(Paused)", Text(item, "status"));
            Assert.Equal("sleep 1000", Text(Assert.Single(item["processes"]!["items"]!.AsArray())!, "command"));
            Assert.Equal("ok", Text(item["network"]!, "state"));
            Assert.Equal(1, item["usage"]!["pids"]!.GetValue<int>());
        }
        finally
        {
            await fixture.PostAsync($"containers/{id}/unpause");
        }
    }

    [Fact]
    public async Task All_networks_are_told_and_their_traffic_summed()
    {
        var network = fixture.UniqueName("net");
        await fixture.PostAsync("networks/create", new { Name = network, Labels = new Dictionary<string, string> { [EngineFixture.Label] = fixture.Run } });
        var id = await fixture.CreateAsync(new { Cmd = Sleep });
        await fixture.PostAsync($"networks/{network}/connect", new { Container = id });

        var item = await ItemAsync(id);
        var inspect = await EngineAsync($"containers/{id}/json");

        Assert.Equal(
            inspect["NetworkSettings"]!["Networks"]!.AsObject().Select(n => $"{n.Key} {n.Value!["IPAddress"]}").Order(),
            item["networks"]!.AsArray().Select(n => $"{n!["name"]} {n["ipv4"]}").Order());
        Assert.Equal(2, item["networks"]!.AsArray().Count);
        var interfaces = item["network"]!["interfaces"]!.AsObject();
        Assert.Equal(["eth0", "eth1"], interfaces.Select(i => i.Key));
        Assert.Equal(interfaces.Sum(i => i.Value!["rxBytes"]!.GetValue<long>()), item["network"]!["rxBytes"]!.GetValue<long>());
        Assert.Equal(id, Text(Assert.Single(await ItemsAsync($"network={network}"))!, "id"));
    }

    [Fact]
    public async Task Networks_that_are_not_a_containers_own_are_told_as_what_they_are()
    {
        var none = await fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "none" } });
        var host = await fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "host" } });
        var ownerName = fixture.UniqueName("owner");
        var owner = await fixture.CreateAsync(new { Cmd = Sleep }, ownerName);
        var guest = await fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "container:" + ownerName } });
        var guestOfHost = await fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "container:" + host } });

        var items = (await ItemsAsync($"label={EngineFixture.Label}={fixture.Run}")).ToDictionary(i => Text(i!, "id"), i => i!["network"]!);

        Assert.Equal(("ok", "none", 0), (Text(items[none], "state"), Text(items[none], "mode"), items[none]["interfaces"]!.AsObject().Count));
        Assert.Equal(0, items[none]["rxBytes"]!.GetValue<long>());
        Assert.Equal(("unsupported", "host"), (Text(items[host], "state"), Text(items[host], "mode")));
        Assert.NotNull(items[host]["reason"]);
        Assert.Null(items[host]["rxBytes"]);
        Assert.Equal(("ok", "container", owner), (Text(items[guest], "state"), Text(items[guest], "mode"), Text(items[guest], "sharedWith")));
        Assert.Equal(items[owner]["rxBytes"]!.GetValue<long>(), items[guest]["rxBytes"]!.GetValue<long>());
        Assert.Equal(("unsupported", host), (Text(items[guestOfHost], "state"), Text(items[guestOfHost], "sharedWith")));
        // Also where the owner is not among the rows.
        var alone = await fixture.Client.GetFromJsonAsync<JsonObject>($"/containers/{guestOfHost}");
        Assert.Equal(("unsupported", host), (Text(alone!["network"]!, "state"), Text(alone["network"]!, "sharedWith")));
    }

    [Fact]
    public async Task Containers_that_go_while_the_list_is_made_never_fail_it()
    {
        var stays = await fixture.CreateAsync(new { Cmd = Sleep });
        var goes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => fixture.CreateAsync(new { Cmd = Sleep })));
        var removing = Task.WhenAll(goes.Select(async id =>
        {
            using var removed = await fixture.Engine.DeleteAsync($"containers/{id}?force=1");
            removed.EnsureSuccessStatusCode();
        }));

        do
        {
            var items = await ItemsAsync($"all&label={EngineFixture.Label}={fixture.Run}");
            Assert.Contains(items, i => Text(i!, "id") == stays);
            Assert.All(items, i => Assert.True(Text(i!["processes"]!, "state") is "ok" or "not_running", i["processes"]!.ToJsonString()));
        }
        while (!removing.IsCompleted);

        await removing;
        Assert.DoesNotContain(await ItemsAsync($"all&label={EngineFixture.Label}={fixture.Run}&include=none"), i => goes.Contains(Text(i!, "id")));
    }

    [Fact]
    public async Task A_hundred_containers_are_all_there_and_whole_from_either_source()
    {
        var label = fixture.UniqueName("hundred");
        using var starting = new SemaphoreSlim(6);
        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            await starting.WaitAsync();
            try
            {
                return await fixture.CreateAsync(new { Cmd = Sleep, Labels = new Dictionary<string, string> { ["set"] = label }, HostConfig = new { NetworkMode = "none" } });
            }
            finally
            {
                starting.Release();
            }
        }));
        await using var asking = new EngineFixture.AskingService();

        foreach (var client in new[] { fixture.Client, asking.Client })
        {
            var list = await client.GetFromJsonAsync<JsonObject>($"/containers?label=set={label}");

            var items = list!["items"]!.AsArray();
            Assert.Equal(ids.Order(), items.Select(i => Text(i!, "id")!).Order());
            Assert.All(items, i => Assert.Equal("sleep 1000", Text(Assert.Single(i!["processes"]!["items"]!.AsArray())!, "command")));
            Assert.All(items, i => Assert.All(new[] { "processes", "network", "usage" }, s => Assert.Equal("ok", Text(i![s]!, "state"))));
            Assert.All(items, i => Assert.Equal(client == fixture.Client ? "host" : "engine", Text(i!["usage"]!, "source")));
        }
    }

    [Fact]
    public async Task Labels_keep_their_signs_and_can_be_asked_for()
    {
        var id = await fixture.CreateAsync(new { Cmd = Sleep, Labels = new Dictionary<string, string> { ["formula"] = "a=b=c", ["größe"] = "漢字 \"x\"" } });

        var item = Assert.Single(await ItemsAsync($"label=formula=a=b=c&label={Uri.EscapeDataString("größe=漢字 \"x\"")}"));

        Assert.Equal((id, "a=b=c", "漢字 \"x\""), (Text(item!, "id"), Text(item!["labels"]!, "formula"), Text(item!["labels"]!, "größe")));
    }

    [Fact]
    public async Task Cpu_and_traffic_rates_are_those_of_the_engines_own_statistics()
    {
        await using var busy = await fixture.CreateBusyAsync(new { Cmd = new[] { "sh", "-c", "while :; do :; done" } });
        var id = busy.Id;
        await ItemAsync(id);
        var before = await EngineAsync($"containers/{id}/stats?stream=false");
        await ItemAsync(id);
        var item = await ItemAsync(id);

        var used = before["cpu_stats"]!["cpu_usage"]!["total_usage"]!.GetValue<double>() - before["precpu_stats"]!["cpu_usage"]!["total_usage"]!.GetValue<double>();
        var system = before["cpu_stats"]!["system_cpu_usage"]!.GetValue<double>() - before["precpu_stats"]!["system_cpu_usage"]!.GetValue<double>();
        var percent = used / system * before["cpu_stats"]!["online_cpus"]!.GetValue<int>() * 100;
        // A busy loop on a busy machine: the two windows are a second apart, and neither is quiet.
        Assert.InRange(item["usage"]!["cpuPercent"]!.GetValue<double>(), percent * 0.4, Math.Max(percent * 2.5, 110));
        Assert.InRange(item["network"]!["rateWindowMs"]!.GetValue<long>(), 200, 60_000);
        Assert.NotNull(item["network"]!["rxBytesPerSecond"]);
    }

    [Fact]
    public async Task A_restart_begins_the_rates_anew()
    {
        await using var busy = await fixture.CreateBusyAsync(new { Cmd = new[] { "sh", "-c", "while :; do :; done" } });
        var id = busy.Id;
        await ItemAsync(id);
        await fixture.PostAsync($"containers/{id}/restart?t=0");

        var item = await ItemAsync(id);

        Assert.Equal("running", Text(item, "state"));
        Assert.Null(item["usage"]!["cpuPercent"]);
        Assert.Null(item["network"]!["rxBytesPerSecond"]);
    }

    [Fact]
    public async Task Health_is_told_and_asked_for()
    {
        object Check(string test) => new { Cmd = Sleep, Healthcheck = new { Test = new[] { "CMD", test }, Interval = 1_000_000_000L, Retries = 1 } };
        var healthy = await fixture.CreateAsync(Check("true"));
        var unhealthy = await fixture.CreateAsync(Check("false"));
        var none = await fixture.CreateAsync(new { Cmd = Sleep });
        string[] mine = [healthy, unhealthy, none];
        async Task<IEnumerable<string>> OfAsync(string health) =>
            (await ItemsAsync($"include=none&health={health}&label={EngineFixture.Label}={fixture.Run}")).Select(i => Text(i!, "id")).Intersect(mine);
        await EngineFixture.UntilAsync(async () => Text(await ItemAsync(healthy, "none"), "health") == "healthy" && Text(await ItemAsync(unhealthy, "none"), "health") == "unhealthy");

        Assert.Equal([healthy], await OfAsync("healthy"));
        Assert.Equal([unhealthy], await OfAsync("unhealthy"));
        Assert.Equal([none], await OfAsync("none"));
        Assert.Null((await ItemAsync(none, "none"))["health"]);
    }

    [Theory]
    [InlineData("image={image}", "a,b")]
    [InlineData("image=containerapi-test/nix:1", "")]
    [InlineData("label=which=a", "a")]
    [InlineData("label=which", "a,b")]
    [InlineData("label=which&label=which=b", "b")]
    [InlineData("name={a}", "a")]
    [InlineData("name=nix.", "")]
    [InlineData("all&label=which", "a,b,c")]
    [InlineData("state=exited&label=which", "c")]
    [InlineData("state=running,exited&label=which", "a,b,c")]
    [InlineData("port=4711", "a")]
    [InlineData("port=4711/udp", "")]
    [InlineData("network=host", "b")]
    public async Task Filters_mean_what_docker_means(string query, string expected)
    {
        var run = Guid.NewGuid().ToString("n")[..8];
        async Task<string> MakeAsync(string which, object? host = null, string[]? command = null) => await fixture.CreateAsync(
            new
            {
                Cmd = command ?? Sleep,
                Labels = new Dictionary<string, string> { ["which"] = which, ["run"] = run },
                HostConfig = host ?? new { },
                ExposedPorts = which == "a" ? new Dictionary<string, object> { ["4711/tcp"] = new() } : [],
            },
            $"{run}.{which}");
        var names = new Dictionary<string, string>
        {
            [await MakeAsync("a")] = "a",
            [await MakeAsync("b", new { NetworkMode = "host" })] = "b",
            [await MakeAsync("c", command: ["true"])] = "c",
        };
        await StateAsync(names.First(n => n.Value == "c").Key, "exited");

        var items = await ItemsAsync(query.Replace("{image}", fixture.Image).Replace("{a}", run + ".a") + $"&include=none&label=run={run}");

        Assert.Equal(expected, string.Join(',', items.Select(i => names[Text(i!, "id")]).Order()));
    }

    [Fact]
    public async Task Table_and_csv_show_the_same_containers()
    {
        var name = fixture.UniqueName("form");
        await fixture.CreateAsync(new { Cmd = Sleep }, name);

        var table = await fixture.Client.GetStringAsync($"/containers?name={name}&format=table");
        var csv = await fixture.Client.GetStringAsync($"/containers?name={name}&format=csv&fields=name,command,state");

        Assert.StartsWith("CONTAINER ID   IMAGE ", table);
        Assert.Contains(name, table.Split('\n')[1]);
        Assert.Equal($"name,command,state\r\n{name},sleep 1000,running\r\n", csv);
    }

    private async Task<JsonNode> ItemAsync(string id, string include = "processes,network,usage") =>
        (await fixture.Client.GetFromJsonAsync<JsonObject>($"/containers/{id}?include={include}"))!;

    private async Task<JsonArray> ItemsAsync(string query)
    {
        using var response = await fixture.Client.GetAsync("/containers?" + query);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!["items"]!.AsArray();
    }

    private async Task<JsonNode> EngineAsync(string path) => JsonNode.Parse(await fixture.Engine.GetStringAsync(path))!;

    private Task StateAsync(string id, string state) =>
        EngineFixture.UntilAsync(async () => (await EngineAsync($"containers/{id}/json"))["State"]!["Status"]!.GetValue<string>() == state);

    private static string Text(JsonNode node, string name) => node[name]?.GetValueKind() == JsonValueKind.String ? node[name]!.GetValue<string>() : "";
}
