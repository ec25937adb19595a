namespace ContainerApi.EngineTests;

/// <summary>Containers compared with the engine's own API.</summary>
[Collection(EngineCollection.Name)]
public sealed class ContainerTests(EngineFixture fixture) : ContainerCalls(fixture)
{
    [Fact]
    public async Task Every_field_agrees_with_the_engine()
    {
        var name = Fixture.UniqueName("nine");
        var id = await Fixture.CreateAsync(
            new
            {
                Cmd = new[] { "sh", "-c", "sleep 1000 & exec sleep 1001" },
                ExposedPorts = new Dictionary<string, object> { ["80/tcp"] = new(), ["53/udp"] = new() },
                HostConfig = new { PortBindings = new Dictionary<string, object> { ["80/tcp"] = new[] { new { HostPort = "" } } } },
                Labels = new Dictionary<string, string> { ["key"] = "a=b", ["ключ"] = "значение" },
            },
            name);

        // Wait until the shells have executed sleep.
        JsonNode top = null!;
        await EngineFixture.UntilAsync(
            async () => (top = await EngineAsync($"containers/{id}/top?ps_args=-eo%20pid,args"))["Processes"]!.AsArray().Count(
                p => p![1]!.GetValue<string>().StartsWith("sleep", StringComparison.Ordinal)) == 2);
        var item = await ItemAsync(id);
        var inspect = await Fixture.InspectAsync(id);
        var stats = await EngineAsync($"containers/{id}/stats?stream=false");

        Assert.Equal(name, Text(item, "name"));
        Assert.Equal(Text(inspect, "Name"), "/" + item["name"]);
        Assert.Equal(Text(inspect, "Id"), Text(item, "id"));
        Assert.Equal(id[..12], Text(item, "shortId"));
        Assert.Equal(Text(inspect["Config"]!, "Image"), Text(item, "image"));
        Assert.Equal(Text(inspect, "Image"), Text(item, "imageId"));
        Assert.Equal(inspect["Created"]!.GetValue<DateTimeOffset>(), item["createdAt"]!.GetValue<DateTimeOffset>(), TimeSpan.FromSeconds(1));
        Assert.Equal("running", Text(item, "state"));
        Assert.StartsWith("Up ", Text(item, "status"));
        Assert.Equal("значение", Text(item["labels"]!, "ключ"));
        Assert.Equal("a=b", Text(item["labels"]!, "key"));

        var bridge = inspect["NetworkSettings"]!["Networks"]!["bridge"]!;
        var network = Assert.Single(item["networks"]!.AsArray())!;
        Assert.Equal(
            ("bridge", Text(bridge, "IPAddress"), Text(bridge, "Gateway"), Text(bridge, "MacAddress")),
            (Text(network, "name"), Text(network, "ipv4"), Text(network, "gateway"), Text(network, "mac")));

        var published = inspect["NetworkSettings"]!["Ports"]!["80/tcp"]!.AsArray().Select(p => $"80/tcp {p!["HostIp"]}:{p["HostPort"]}").Order();
        Assert.Equal(published.Append("53/udp :").Order(), item["ports"]!.AsArray()
            .Select(p => $"{p!["containerPort"]}/{p["protocol"]} {p["hostIp"]}:{p["hostPort"]}").Order());

        Assert.Equal(
            top["Processes"]!.AsArray().Select(p => $"{p![0]} {p[1]}").Order(),
            item["processes"]!["items"]!.AsArray().Select(p => $"{p!["pid"]} {p["command"]}").Order());
        Assert.Contains(item["processes"]!["items"]!.AsArray(), p => p!["parentPid"]!.GetValue<int>() == inspect["State"]!["Pid"]!.GetValue<int>());

        var traffic = item["network"]!;
        var eth0 = stats["networks"]!["eth0"]!;
        Assert.Equal(["eth0"], traffic["interfaces"]!.AsObject().Select(i => i.Key));
        // The engine is read later: broadcasts may arrive in between.
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
    public async Task Sections_of_a_container_that_is_not_running_are_not_running()
    {
        var created = await Fixture.SleepAsync(start: false);
        var exited = await Fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "exit 7" } });
        var restarting = await Fixture.CreateAsync(new { Cmd = new[] { "false" }, HostConfig = new { RestartPolicy = new { Name = "always" } } });
        await StateAsync(exited, "exited");
        // Docker's restart delay grows, so the container is soon mostly in the state restarting.
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
        using var processes = await Fixture.Client.GetAsync($"/containers/{exited}/processes");
        Assert.Equal(HttpStatusCode.Conflict, processes.StatusCode);
    }

    [Fact]
    public async Task Paused_container_has_all_sections()
    {
        var id = await Fixture.SleepAsync();
        await Fixture.PostAsync($"containers/{id}/pause");
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
            await Fixture.PostAsync($"containers/{id}/unpause");
        }
    }

    [Fact]
    public async Task Traffic_is_the_sum_of_all_networks()
    {
        var network = Fixture.UniqueName("net");
        await Fixture.PostAsync(
            "networks/create", new { Name = network, Labels = new Dictionary<string, string> { [EngineFixture.Label] = Fixture.Run } });
        var id = await Fixture.SleepAsync();
        await Fixture.PostAsync($"networks/{network}/connect", new { Container = id });

        var item = await ItemAsync(id);
        var inspect = await Fixture.InspectAsync(id);

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
    public async Task Shared_networks_are_returned_with_their_mode()
    {
        var none = await Fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "none" } });
        var host = await Fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "host" } });
        var ownerName = Fixture.UniqueName("owner");
        var owner = await Fixture.SleepAsync(ownerName);
        var guest = await Fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "container:" + ownerName } });
        var guestOfHost = await Fixture.CreateAsync(new { Cmd = Sleep, HostConfig = new { NetworkMode = "container:" + host } });

        var items = (await ItemsAsync($"label={EngineFixture.Label}={Fixture.Run}")).ToDictionary(i => Text(i!, "id"), i => i!["network"]!);

        Assert.Equal(("ok", "none", 0), (Text(items[none], "state"), Text(items[none], "mode"), items[none]["interfaces"]!.AsObject().Count));
        Assert.Equal(0, items[none]["rxBytes"]!.GetValue<long>());
        Assert.Equal(("unsupported", "host"), (Text(items[host], "state"), Text(items[host], "mode")));
        Assert.NotNull(items[host]["reason"]);
        Assert.Null(items[host]["rxBytes"]);
        Assert.Equal(("ok", "container", owner), (Text(items[guest], "state"), Text(items[guest], "mode"), Text(items[guest], "sharedWith")));
        Assert.Equal(items[owner]["rxBytes"]!.GetValue<long>(), items[guest]["rxBytes"]!.GetValue<long>());
        Assert.Equal(("unsupported", host), (Text(items[guestOfHost], "state"), Text(items[guestOfHost], "sharedWith")));
        // The owner is not in this list.
        var alone = await Fixture.Client.GetFromJsonAsync<JsonObject>($"/containers/{guestOfHost}");
        Assert.Equal(("unsupported", host), (Text(alone!["network"]!, "state"), Text(alone["network"]!, "sharedWith")));
    }

    [Fact]
    public async Task Removal_of_containers_never_fails_a_running_list()
    {
        var stays = await Fixture.SleepAsync();
        var goes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Fixture.SleepAsync()));
        var removing = Task.WhenAll(goes.Select(async id =>
        {
            using var removed = await Fixture.Engine.DeleteAsync($"containers/{id}?force=1");
            removed.EnsureSuccessStatusCode();
        }));

        do
        {
            var items = await ItemsAsync($"all=true&label={EngineFixture.Label}={Fixture.Run}");
            Assert.Contains(items, i => Text(i!, "id") == stays);
            Assert.All(items, i => Assert.True(Text(i!["processes"]!, "state") is "ok" or "not_running", i["processes"]!.ToJsonString()));
        }
        while (!removing.IsCompleted);

        await removing;
        var left = await ItemsAsync($"all=true&label={EngineFixture.Label}={Fixture.Run}&include=none");
        Assert.DoesNotContain(left, i => goes.Contains(Text(i!, "id")));
    }

    [Fact]
    public async Task List_of_100_containers_is_complete_from_host_and_engine()
    {
        var label = Fixture.UniqueName("hundred");
        using var starting = new SemaphoreSlim(6);
        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            await starting.WaitAsync();
            try
            {
                return await Fixture.CreateAsync(
                    new { Cmd = Sleep, Labels = new Dictionary<string, string> { ["set"] = label }, HostConfig = new { NetworkMode = "none" } });
            }
            finally
            {
                starting.Release();
            }
        }));
        await using var asking = new EngineFixture.AskingService();

        foreach (var client in new[] { Fixture.Client, asking.Client })
        {
            var list = await client.GetFromJsonAsync<JsonObject>($"/containers?label=set={label}");

            var items = list!["items"]!.AsArray();
            Assert.Equal(ids.Order(), items.Select(i => Text(i!, "id")!).Order());
            Assert.All(items, i => Assert.Equal("sleep 1000", Text(Assert.Single(i!["processes"]!["items"]!.AsArray())!, "command")));
            Assert.All(items, i => Assert.All(new[] { "processes", "network", "usage" }, s => Assert.Equal("ok", Text(i![s]!, "state"))));
            Assert.All(items, i => Assert.Equal(client == Fixture.Client ? "host" : "engine", Text(i!["usage"]!, "source")));
        }
    }

    [Fact]
    public async Task Rates_agree_with_the_statistics_of_the_engine()
    {
        await using var busy = await Fixture.CreateBusyAsync(new { Cmd = new[] { "sh", "-c", "while :; do :; done" } });
        var id = busy.Id;
        await ItemAsync(id);
        var before = await EngineAsync($"containers/{id}/stats?stream=false");
        await ItemAsync(id);
        var item = await ItemAsync(id);

        var (now, earlier) = (before["cpu_stats"]!, before["precpu_stats"]!);
        var used = now["cpu_usage"]!["total_usage"]!.GetValue<double>() - earlier["cpu_usage"]!["total_usage"]!.GetValue<double>();
        var system = before["cpu_stats"]!["system_cpu_usage"]!.GetValue<double>() - before["precpu_stats"]!["system_cpu_usage"]!.GetValue<double>();
        var percent = used / system * before["cpu_stats"]!["online_cpus"]!.GetValue<int>() * 100;
        // The two measurement windows are a second apart, so the tolerance is wide.
        Assert.InRange(item["usage"]!["cpuPercent"]!.GetValue<double>(), percent * 0.4, Math.Max(percent * 2.5, 110));
        Assert.InRange(item["network"]!["rateWindowMs"]!.GetValue<long>(), 200, 60_000);
        Assert.NotNull(item["network"]!["rxBytesPerSecond"]);
    }

    [Fact]
    public async Task Restart_resets_the_rates()
    {
        await using var busy = await Fixture.CreateBusyAsync(new { Cmd = new[] { "sh", "-c", "while :; do :; done" } });
        var id = busy.Id;
        await ItemAsync(id);
        await Fixture.PostAsync($"containers/{id}/restart?t=0");

        var item = await ItemAsync(id);

        Assert.Equal("running", Text(item, "state"));
        Assert.Null(item["usage"]!["cpuPercent"]);
        Assert.Null(item["network"]!["rxBytesPerSecond"]);
    }
}
