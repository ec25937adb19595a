using ContainerApi.Engine.Host;

namespace ContainerApi.Tests.Engine.Host;

/// <summary>Reads a host that is made of files.</summary>
public sealed class HostSourceTests
{
    private const string A = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string B = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const HostSections Both = HostSections.Processes | HostSections.Statistics;

    private static async Task<IReadOnlyDictionary<string, HostSample>> ReadAsync(HostTree host, params string[] ids)
    {
        using var source = host.Source();
        return await ReadAsync(source, ids);
    }

    private static Task<IReadOnlyDictionary<string, HostSample>> ReadAsync(HostSource source, params string[] ids) =>
        source.ReadAsync([.. ids.Select(i => HostTree.Container(i))], Both, default);

    private static async Task<HostSample> ReadOneAsync(HostTree host) => (await ReadAsync(host, A))[A];

    private static string Pids(HostSample sample) => string.Join(' ', sample.Processes!.Select(p => p.Pid));

    [Theory]
    [InlineData(true, "/docker/" + A)]
    [InlineData(false, "/docker/" + A)]
    [InlineData(true, "/system.slice/docker-" + A + ".scope")]
    [InlineData(false, "/system.slice/docker-" + A + ".scope")]
    [InlineData(true, "/some/parent/of/mine/" + A)]
    [InlineData(false, "/docker/" + B + "/docker/" + A)]
    public async Task Container_in_any_cgroup_place_has_processes_and_statistics(bool unified, string path)
    {
        using var host = new HostTree(unified);
        host.Process(50, 40, path, 1000, "web\0-p\080\0");
        host.Process(51, 50, path, 4242, "", "helper");
        host.Process(60, 1, "/other");
        host.Cgroup(path, 51, 50);

        var sample = Assert.Single(await ReadAsync(host, A)).Value;

        var started = DateTimeOffset.FromUnixTimeSeconds(HostTree.BootedAt);
        Assert.Equal(
            [
                HostTree.Facts(50, 40, "Jane Doe", started.AddSeconds(50), "web -p 80"),
                HostTree.Facts(51, 50, "4242", started.AddSeconds(51), "[helper]"),
            ],
            sample.Processes!);
        Assert.Equal(
            new StatisticsFacts
            {
                SampledAt = sample.Statistics!.SampledAt,
                CpuTime = TimeSpan.FromMicroseconds(1500),
                MemoryBytes = 3000,
                MemoryLimitBytes = 1000 * 1024,
                Pids = 4,
                BlockReadBytes = 10,
                BlockWriteBytes = 20,
            },
            sample.Statistics with { Interfaces = null });
        Assert.Equal(new InterfaceCounters(50, 2, 3, 4, 5, 6, 7, 8), Assert.Single(sample.Statistics.Interfaces!).Value);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Processes_in_cgroups_inside_a_container_belong_to_the_container(bool unified)
    {
        using var host = new HostTree(unified);
        foreach (var (pid, path) in new[] { (50, ""), (51, "/inner"), (52, "/inner/most") })
        {
            host.Process(pid, pid - 1, $"/docker/{A}{path}");
            host.Cgroup($"/docker/{A}{path}", pid);
        }

        Assert.Equal("50 51 52", Pids(await ReadOneAsync(host)));
    }

    [Fact]
    public async Task Nested_container_is_separate_only_if_it_is_requested_too()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}");
        host.Process(51, 50, $"/docker/{A}/docker/{B}", devices: "eth0");
        host.Cgroup($"/docker/{A}", 50);
        host.Cgroup($"/docker/{A}/docker/{B}", 51);

        Assert.Equal("50 51", Pids(await ReadOneAsync(host)));
        var both = await ReadAsync(host, A, B);
        Assert.Equal("50", Pids(both[A]));
        Assert.Equal("51", Pids(both[B]));
    }

    [Fact]
    public async Task Network_counters_are_those_of_the_process_that_the_engine_started()
    {
        using var host = new HostTree();
        host.Process(30, 50, $"/docker/{A}", devices: "eth9");
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 30, 50);

        var devices = (await ReadOneAsync(host)).Statistics!.Interfaces!;

        Assert.Equal(50, devices["eth0"].RxBytes);
    }

    [Theory]
    [InlineData("host", "eth0", null)]
    [InlineData("bridge", "", 0)]
    [InlineData("bridge", "eth0", 1)]
    public async Task Network_counters_depend_on_network_mode_and_devices(string mode, string devices, int? count)
    {
        using var host = new HostTree();
        host.Add(A, 50, devices: devices);
        using var source = host.Source();

        var statistics = (await source.ReadAsync([HostTree.Container(A, mode)], Both, default))[A].Statistics!;

        Assert.Equal(count, statistics.Interfaces?.Count);
        Assert.Equal(3000, statistics.MemoryBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Processes_without_cgroup_files_are_found_in_proc(bool sameNamespace)
    {
        using var host = new HostTree(sameNamespace: sameNamespace);
        host.Process(50, 40, $"/../../docker/{A}");
        host.Process(51, 50, $"/../../docker/{A}", state: 'Z');
        host.Process(52, 1, "/");

        var sample = Assert.Single(await ReadAsync(host, A)).Value;

        Assert.Equal("50", Pids(sample));
        Assert.Equal(50, sample.Statistics!.Interfaces!["eth0"].RxBytes);
        Assert.Null(sample.Statistics.CpuTime);
        Assert.Null(sample.Statistics.MemoryBytes);
    }

    [Fact]
    public async Task Processes_of_another_PID_namespace_are_found_in_proc()
    {
        using var host = new HostTree(sameNamespace: false);
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 0);

        var sample = Assert.Single(await ReadAsync(host, A)).Value;

        Assert.Equal("50", Pids(sample));
        Assert.Equal(3000, sample.Statistics!.MemoryBytes);
    }

    [Fact]
    public async Task Process_1_in_a_container_returns_no_samples()
    {
        using var host = new HostTree();
        host.Process(1, 0, $"/docker/{A}");
        host.Process(50, 1, $"/docker/{B}");
        host.Cgroup($"/docker/{A}", 1);
        host.Cgroup($"/docker/{B}", 50);

        Assert.Empty(await ReadAsync(host, B, A));
    }

    [Fact]
    public async Task Container_with_hidden_processes_is_missing_from_the_samples()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 50, 51);
        host.Add(B, 60);

        Assert.Equal([B], (await ReadAsync(host, A, B)).Keys);
    }

    [Fact]
    public async Task Removed_processes_and_containers_are_missing_from_the_next_read()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}");
        host.Process(51, 50, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 50, 51);
        host.Add(B, 60);
        using var source = host.Source();
        Assert.Equal([B, A], (await ReadAsync(source, A, B)).Keys.Order());

        host.Remove("proc/51");
        host.Cgroup($"/docker/{A}", 50);
        host.Remove("proc/60");
        host.Remove($"cgroup/docker/{B}");

        Assert.Equal("50", Pids(Assert.Single(await ReadAsync(source, A, B)).Value));
    }

    [Fact]
    public async Task Process_with_missing_files_is_left_out()
    {
        using var host = new HostTree(sameNamespace: false);
        host.Process(50, 40, $"/docker/{A}");
        host.Process(51, 50, $"/docker/{A}");
        File.Delete($"{host.Root}/proc/51/cmdline");
        host.Process(52, 50, $"/docker/{A}");
        File.WriteAllText($"{host.Root}/proc/52/stat", "");

        Assert.Equal("50", Pids(await ReadOneAsync(host)));
    }

    [Fact]
    public async Task Command_line_is_cut_at_4_KiB_between_characters_and_marked()
    {
        using var host = new HostTree();
        host.Add(A, 50, command: "yes!\0" + new string('é', 100_000) + "\0");

        var command = (await ReadOneAsync(host)).Processes![0].Command;

        Assert.Equal("yes! " + new string('é', (CommandLimit.DefaultMaxBytes - 5) / 2) + "…", command);
    }

    [Fact]
    public async Task Command_lines_of_one_answer_have_a_common_bound()
    {
        using var host = new HostTree();
        const int MaxBytes = 100_000;
        var pids = Enumerable.Range(100, 300).ToArray();
        Array.ForEach(pids, pid => host.Process(pid, 40, $"/docker/{A}", command: new string('a', MaxBytes + 1)));
        host.Cgroup($"/docker/{A}", pids);
        using var source = host.Source(commands: new CommandLimit(MaxBytes));

        var sample = (await source.ReadAsync([HostTree.Container(A)], HostSections.Processes, default))[A];

        var lengths = sample.Processes!.Select(p => p.Command.Length).ToList();
        Assert.Equal([MaxBytes + 1, CommandLimit.ShortBytes + 1], lengths.Distinct());
        Assert.InRange(lengths.Sum(), CommandLimit.AnswerBytes, CommandLimit.AnswerBytes + 3 * MaxBytes);
    }

    [Fact]
    public async Task Read_returns_only_the_requested_sections()
    {
        using var host = new HostTree();
        host.Add(A, 50);
        using var source = host.Source();

        IReadOnlyList<ContainerFacts> containers = [HostTree.Container(A)];
        var processes = (await source.ReadAsync(containers, HostSections.Processes, default))[A];
        var statistics = (await source.ReadAsync(containers, HostSections.Statistics, default))[A];

        Assert.NotNull(processes.Processes);
        Assert.Null(processes.Statistics);
        Assert.Null(statistics.Processes);
        Assert.NotNull(statistics.Statistics);
        Assert.Empty(await source.ReadAsync(containers, HostSections.None, default));
        Assert.Empty(await source.ReadAsync([HostTree.Container(A, state: ContainerStates.Exited)], Both, default));
    }

    [Fact]
    public async Task Missing_trees_return_no_samples()
    {
        using var source = new HostSource(new HostRoots { ProcRoot = "/nowhere/proc", CgroupRoot = "/nowhere/cgroup" }, TimeProvider.System);

        Assert.Empty(await ReadAsync(source, A));
    }

    [Fact]
    public async Task Cancelled_read_throws()
    {
        using var host = new HostTree();
        using var source = host.Source();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.ReadAsync([HostTree.Container(A)], Both, cancelled.Token));
    }

    [Fact]
    public async Task Concurrent_reads_return_their_own_containers()
    {
        using var host = new HostTree();
        host.Add(A, 50);
        host.Add(B, 60);
        using var source = host.Source();

        var samples = await Task.WhenAll(Enumerable.Range(0, 50).Select(n => ReadAsync(source, n % 2 == 0 ? A : B)));

        Assert.All(samples.Index(), a => Assert.Equal(a.Index % 2 == 0 ? "50" : "60", Pids(Assert.Single(a.Item).Value)));
    }

    [Theory]
    [InlineData("Host:ProcRoot", "proc")]
    [InlineData("Host:CgroupRoot", "")]
    [InlineData("Engines:0:HostSource", "yes")]
    public void Invalid_setting_stops_the_start(string name, string value)
    {
        var settings = new Dictionary<string, string?> { ["Engines:0:Name"] = "local", ["Engines:0:Endpoint"] = "unix:///fake.sock", [name] = value };

        var refused = Assert.ThrowsAny<Exception>(() => new ApiHost(settings, new FakeEngine()));

        Assert.Contains(name, refused.ToString());
    }
}
