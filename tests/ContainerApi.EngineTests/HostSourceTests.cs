using System.Text.RegularExpressions;
using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Host;

namespace ContainerApi.EngineTests;

/// <summary>The host source and the engine return the same values. The tests run on the engine's host.</summary>
[Collection(EngineCollection.Name)]
public sealed class HostSourceTests(EngineFixture fixture) : IDisposable
{
    private const HostSections Both = HostSections.Processes | HostSections.Statistics;

    private readonly DockerEngine _engine = new(
        new EngineOptions { Name = "local", Endpoint = EngineFixture.EndpointText },
        TimeProvider.System,
        new HostSource(new HostRoots(), TimeProvider.System, new CommandLimit(128 * 1024)));

    public void Dispose() => _engine.Dispose();

    public static TheoryData<string, string> Commands => new()
    {
        { "plain", """{"Cmd":["sleep","1000"]}""" },
        { "children", """{"Cmd":["sh","-c","sleep 1000 & sleep 1001 & wait"]}""" },
        { "terminal", """{"Cmd":["sh"],"Tty":true,"OpenStdin":true}""" },
        { "number without a name", """{"Cmd":["sleep","1000"],"User":"12345:23456"}""" },
        { "number with a name on the host", """{"Cmd":["sleep","1000"],"User":"2"}""" },
        { "spaces, quotes, line ends", """{"Cmd":["sh","-c","sleep 1000; true"," a  \"b\" 'c'\n\td\\ ",""]}""" },
        { "Unicode", """{"Cmd":["sh","-c","sleep 1000; true","späte Grüße 漢字"]}""" },
        { "no UTF-8", """{"Cmd":["sh","-c","sh -c 'sleep 1000; true' \"$(printf 'a\\377b')\"; true"]}""" },
        { "100 KB", $$"""{"Cmd":["sh","-c","sleep 1000; true","{{new string('x', 100 * 1024)}}"]}""" },
        { "the host's processes", """{"Cmd":["sleep","1000"],"HostConfig":{"PidMode":"host"}}""" },
        { "paused", """{"Cmd":["sleep","1000"]}""" },
        { "exec", """{"Cmd":["sleep","1000"]}""" },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Host_and_engine_return_the_same_processes(string what, string body)
    {
        var id = await fixture.CreateAsync(JsonNode.Parse(body)!);
        if (what == "exec")
        {
            await ExecAsync(id, "sleep", "1002");
        }

        // Between fork and exec a child has the shell's command line, so wait for the final one.
        var (processes, last) = what switch
        {
            "children" => (3, "sleep 1001"),
            "exec" => (2, "sleep 1002"),
            "terminal" => (1, "sh"),
            _ => (body.Contains("; true") || what == "no UTF-8" ? 2 : 1, "sleep 1000"),
        };
        await EngineFixture.UntilAsync(async () =>
            (await HostAsync(id)).Processes is { } now && now.Count >= processes && now.Any(p => p.Command == last)
            && (what != "children" || now.Any(p => p.Command == "sleep 1000")));
        if (what == "paused")
        {
            await fixture.PostAsync($"containers/{id}/pause");
        }

        var host = InOrder((await HostAsync(id)).Processes!);
        var engine = InOrder(await _engine.ListProcessesAsync(id, CancellationToken.None));

        Assert.Equal(engine.Select(p => (p.Pid, p.ParentPid, p.User)), host.Select(p => (p.Pid, p.ParentPid, p.User)));
        Assert.Equal(engine.Select(p => PsFormat(p.Command)), host.Select(p => PsFormat(p.Command)));
        Assert.All(engine.Zip(host), p =>
        {
            Assert.Equal(p.First.StartedAt!.Value.ToUnixTimeSeconds(), p.Second.StartedAt!.Value.ToUnixTimeSeconds());
            Assert.InRange((p.First.CpuTime!.Value - p.Second.CpuTime!.Value).Duration(), TimeSpan.Zero, TimeSpan.FromSeconds(1.5));
        });
    }

    [Fact]
    public async Task Container_in_another_cgroup_parent_is_found()
    {
        var outer = await fixture.SleepAsync();
        Assert.NotNull(await HostAsync(outer));
        var driver = (await _engine.DescribeAsync(CancellationToken.None)).CgroupDriver;
        var parent = driver == "systemd" ? "containerapi-test.slice" : $"/docker/{outer}";

        var inner = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1001" }, HostConfig = new { CgroupParent = parent } });

        var host = await HostAsync(inner);
        Assert.Equal(await PidsAsync(inner), InOrder(host.Processes!).Select(p => p.Pid));
        Assert.Equal(1, host.Statistics!.Pids);
        Assert.Equal(await PidsAsync(outer), InOrder((await HostAsync(outer)).Processes!).Select(p => p.Pid));
    }

    [Fact]
    public async Task Host_and_engine_return_the_same_statistics()
    {
        var network = fixture.UniqueName("host-net");
        await fixture.PostAsync(
            "networks/create", new { Name = network, Labels = new Dictionary<string, string> { [EngineFixture.Label] = fixture.Run } });
        var server = await fixture.CreateAsync(
            new { Cmd = new[] { "httpd", "-f", "-p", "80" }, HostConfig = new { Memory = 64L << 20, PidsLimit = 50 } });
        // Refused connections are traffic too, and work with every firewall.
        var address = (
            await fixture.Engine.GetFromJsonAsync<JsonObject>(
                $"containers/{server}/json"))!["NetworkSettings"]!["Networks"]!["bridge"]!["Gateway"]!.GetValue<string>();
        string[] talk = ["sh", "-c", $"while true; do wget -q -O - http://{address}:9/ 2> /dev/null; head -c 65536 /dev/zero > /tmp/f; done"];
        await using var talking = await fixture.CreateBusyAsync(new { Cmd = talk });
        await using var sharing = await fixture.CreateBusyAsync(new { Cmd = talk, HostConfig = new { NetworkMode = $"container:{server}" } });
        var (client, peer) = (talking.Id, sharing.Id);
        var two = await fixture.SleepAsync();
        await fixture.PostAsync($"networks/{network}/connect", new { Container = two });
        var none = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, HostConfig = new { NetworkMode = "none" } });
        var shared = await fixture.CreateAsync(new { Cmd = new[] { "sleep", "1000" }, HostConfig = new { NetworkMode = "host" } });
        var paused = await fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "sleep 1000 & sleep 1000 & wait" } });
        await EngineFixture.UntilAsync(async () => (await HostAsync(paused)).Processes!.Count == 3);
        await fixture.PostAsync($"containers/{paused}/pause");
        string[] ids = [server, client, peer, two, none, shared, paused];
        var facts = await ListAsync(ids);
        await EngineFixture.UntilAsync(async () => await _engine.ReadHostAsync(facts, Both, CancellationToken.None) is var now
            && new[] { client, peer }.All(i => now[i].Statistics!.Interfaces!["eth0"] is { RxBytes: > 10_000, TxBytes: > 10_000 }));

        var before = await Task.WhenAll(ids.Select(i => _engine.ReadStatisticsAsync(i, CancellationToken.None)));
        var host = await _engine.ReadHostAsync(facts, HostSections.Statistics, CancellationToken.None);
        var after = await Task.WhenAll(ids.Select(i => _engine.ReadStatisticsAsync(i, CancellationToken.None)));

        Assert.All(ids.Index(), container =>
        {
            var (b, h, a) = (before[container.Index], host[container.Item].Statistics!, after[container.Index]);
            Assert.InRange(h.SampledAt, b.SampledAt, a.SampledAt);
            Assert.InRange(h.CpuTime!.Value, b.CpuTime!.Value, a.CpuTime!.Value);
            Assert.InRange(h.BlockReadBytes!.Value, b.BlockReadBytes!.Value, a.BlockReadBytes!.Value);
            Assert.InRange(h.BlockWriteBytes!.Value, b.BlockWriteBytes!.Value, a.BlockWriteBytes!.Value);
            Assert.Equal(b.MemoryLimitBytes, h.MemoryLimitBytes);
            Assert.Equal(
                (b.Interfaces ?? new Dictionary<string, InterfaceCounters>()).Keys.Order(),
                (h.Interfaces ?? new Dictionary<string, InterfaceCounters>()).Keys.Order());
            Assert.All(
                h.Interfaces ?? new Dictionary<string, InterfaceCounters>(), i => Between(b.Interfaces![i.Key], i.Value, a.Interfaces![i.Key]));
            if (container.Item != client && container.Item != peer)
            {
                Assert.Equal(b.Pids, h.Pids);
                // The kernel sums up memory per core with a delay: allow some pages.
                Assert.InRange(
                    h.MemoryBytes!.Value, Math.Min(b.MemoryBytes!.Value, a.MemoryBytes!.Value) - (512 << 10),
                    Math.Max(b.MemoryBytes!.Value, a.MemoryBytes!.Value) + (512 << 10));
            }
        });
        Assert.Equal(64L << 20, host[server].Statistics!.MemoryLimitBytes);
        Assert.Equal(3, host[paused].Statistics!.Pids);
        Assert.Equal(["eth0", "eth1"], host[two].Statistics!.Interfaces!.Keys.Order());
        Assert.Empty(host[none].Statistics!.Interfaces!);
        Assert.Null(host[shared].Statistics!.Interfaces);
        Assert.True(host[peer].Statistics!.Interfaces!["eth0"].TxBytes > 10_000);
    }

    [Fact]
    public async Task New_process_is_in_the_next_reading()
    {
        var id = await fixture.SleepAsync();
        for (var n = 1; n <= 5; n++)
        {
            Assert.Equal(n, (await HostAsync(id)).Processes!.Count);
            await ExecAsync(id, "sleep", "1000");
        }

        Assert.Equal(6, (await HostAsync(id)).Processes!.Count);
        await ExecAsync(id, "sh", "-c", "kill -9 -1");
        await EngineFixture.UntilAsync(async () => (await HostAsync(id)).Processes!.Count == 1);
    }

    [Fact]
    public async Task Restarted_container_is_read_again_and_a_stopped_one_is_not()
    {
        var id = await fixture.CreateAsync(
            new { Cmd = new[] { "sh", "-c", "trap 'exit' TERM; head -c 50000000 /dev/zero | cat > /dev/null; while true; do sleep 0.1; done" } });
        await EngineFixture.UntilAsync(async () => (await HostAsync(id)).Statistics!.CpuTime > TimeSpan.FromMilliseconds(30));
        var facts = await ListAsync(id);
        var first = (await HostAsync(id)).Processes![0].Pid;

        await fixture.PostAsync($"containers/{id}/restart?t=5");
        var again = (await _engine.ReadHostAsync(facts, Both, CancellationToken.None))[id];
        Assert.NotEqual(first, again.Processes![0].Pid);
        Assert.NotNull(again.Statistics!.MemoryBytes);
        Assert.NotNull(again.Statistics.CpuTime);

        await fixture.PostAsync($"containers/{id}/stop?t=5");
        Assert.Empty(await _engine.ReadHostAsync(facts, Both, CancellationToken.None));
    }

    [Fact]
    public async Task Containers_of_another_engine_are_not_read()
    {
        var id = await fixture.SleepAsync();
        var stranger = (await ListAsync(id))[0] with { Id = new string('a', 64) };

        Assert.NotNull(await HostAsync(id));
        Assert.Empty(await _engine.ReadHostAsync([stranger], Both, CancellationToken.None));
        Assert.NotNull(await HostAsync(id));
    }

    private static void Between(InterfaceCounters before, InterfaceCounters now, InterfaceCounters after)
    {
        Assert.InRange(now.RxBytes, before.RxBytes, after.RxBytes);
        Assert.InRange(now.RxPackets, before.RxPackets, after.RxPackets);
        Assert.InRange(now.RxErrors, before.RxErrors, after.RxErrors);
        Assert.InRange(now.RxDropped, before.RxDropped, after.RxDropped);
        Assert.InRange(now.TxBytes, before.TxBytes, after.TxBytes);
        Assert.InRange(now.TxPackets, before.TxPackets, after.TxPackets);
        Assert.InRange(now.TxErrors, before.TxErrors, after.TxErrors);
        Assert.InRange(now.TxDropped, before.TxDropped, after.TxDropped);
    }

    /// <summary><c>ps</c> writes line ends as spaces and other characters as question marks, and the engine collapses spaces.</summary>
    private static string PsFormat(string command)
    {
        var plain = Regex.Replace(command.Replace('\n', ' '), "[^ -~]+", "?");
        return Regex.Replace(Regex.Replace(plain, @"\?+", "?"), " +", " ").Trim();
    }

    private async Task<IEnumerable<int>> PidsAsync(string id) =>
        InOrder(await _engine.ListProcessesAsync(id, CancellationToken.None)).Select(p => p.Pid);

    /// <summary>The engine sorts processes by cgroup order, the host by number.</summary>
    private static List<ProcessFacts> InOrder(IEnumerable<ProcessFacts> processes) => [.. processes.OrderBy(p => p.Pid)];

    private async Task<HostSample> HostAsync(string id) => (await _engine.ReadHostAsync(await ListAsync(id), Both, CancellationToken.None))[id];

    private async Task<IReadOnlyList<ContainerFacts>> ListAsync(params IReadOnlyList<string> ids) =>
        await _engine.ListContainersAsync(
            new ContainerFilter(false, new Dictionary<string, IReadOnlyList<string>> { ["id"] = ids }), CancellationToken.None);

    /// <summary>Starts a process in the container.</summary>
    private async Task ExecAsync(string id, params string[] command)
    {
        using var created = await fixture.Engine.PostAsJsonAsync($"containers/{id}/exec", new { Cmd = command });
        var exec = (await created.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("Id").GetString();
        await fixture.PostAsync($"exec/{exec}/start", new { Detach = true });
    }
}
