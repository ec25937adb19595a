using ContainerApi.Engine.Host;

namespace ContainerApi.Tests.Engine.Host;

/// <summary>A pass over a host that is made of files.</summary>
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
        source.ReadAsync([.. ids.Select(i => HostTree.Container(i))], Both, CancellationToken.None);

    private static string Pids(HostSample sample) => string.Join(' ', sample.Processes!.Select(p => p.Pid));

    [Theory]
    [InlineData(true, "/docker/" + A)]
    [InlineData(false, "/docker/" + A)]
    [InlineData(true, "/system.slice/docker-" + A + ".scope")]
    [InlineData(false, "/system.slice/docker-" + A + ".scope")]
    [InlineData(true, "/some/parent/of/mine/" + A)]
    [InlineData(false, "/docker/" + B + "/docker/" + A)]
    public async Task Every_figure_is_read_wherever_the_cgroup_is(bool unified, string path)
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
                new ProcessFacts(50, 40, "Jane Doe", started.AddSeconds(50), TimeSpan.FromMilliseconds(1750), "web -p 80"),
                new ProcessFacts(51, 50, "4242", started.AddSeconds(51), TimeSpan.FromMilliseconds(1750), "[helper]"),
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
    public async Task Processes_in_cgroups_of_the_containers_own_making_belong_to_it(bool unified)
    {
        using var host = new HostTree(unified);
        foreach (var (pid, path) in new[] { (50, ""), (51, "/inner"), (52, "/inner/most") })
        {
            host.Process(pid, pid - 1, $"/docker/{A}{path}");
            host.Cgroup($"/docker/{A}{path}", pid);
        }

        Assert.Equal("50 51 52", Pids((await ReadAsync(host, A))[A]));
    }

    [Fact]
    public async Task A_container_inside_a_wanted_one_counts_for_itself_where_it_is_wanted_too()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}");
        host.Process(51, 50, $"/docker/{A}/docker/{B}", devices: "eth0");
        host.Cgroup($"/docker/{A}", 50);
        host.Cgroup($"/docker/{A}/docker/{B}", 51);

        Assert.Equal("50 51", Pids((await ReadAsync(host, A))[A]));
        var both = await ReadAsync(host, A, B);
        Assert.Equal("50", Pids(both[A]));
        Assert.Equal("51", Pids(both[B]));
    }

    [Fact]
    public async Task The_network_is_that_of_the_process_the_engine_started()
    {
        using var host = new HostTree();
        host.Process(30, 50, $"/docker/{A}", devices: "eth9");
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 30, 50);

        var devices = (await ReadAsync(host, A))[A].Statistics!.Interfaces!;

        Assert.Equal(50, devices["eth0"].RxBytes);
    }

    [Fact]
    public async Task The_hosts_own_network_is_nobodys()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 50);
        using var source = host.Source();

        var answer = await source.ReadAsync([HostTree.Container(A, "host")], Both, CancellationToken.None);

        Assert.Null(answer[A].Statistics!.Interfaces);
        Assert.Equal(3000, answer[A].Statistics!.MemoryBytes);
    }

    [Fact]
    public async Task A_container_without_network_has_no_devices()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}", devices: "");
        host.Cgroup($"/docker/{A}", 50);

        Assert.Empty((await ReadAsync(host, A))[A].Statistics!.Interfaces!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_cgroup_files_processes_and_network_are_found_by_a_walk(bool sameNamespace)
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
    public async Task Processes_from_outside_our_namespace_are_found_by_a_walk_and_figures_in_the_cgroup()
    {
        using var host = new HostTree(sameNamespace: false);
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 0);

        var sample = Assert.Single(await ReadAsync(host, A)).Value;

        Assert.Equal("50", Pids(sample));
        Assert.Equal(3000, sample.Statistics!.MemoryBytes);
    }

    [Fact]
    public async Task A_containers_own_view_shows_nothing()
    {
        using var host = new HostTree();
        host.Process(1, 0, $"/docker/{A}");
        host.Process(50, 1, $"/docker/{B}");
        host.Cgroup($"/docker/{A}", 1);
        host.Cgroup($"/docker/{B}", 50);

        Assert.Empty(await ReadAsync(host, B, A));
    }

    [Fact]
    public async Task A_container_of_which_processes_are_hidden_is_left_to_the_engine()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 50, 51);
        host.Process(60, 40, $"/docker/{B}");
        host.Cgroup($"/docker/{B}", 60);

        Assert.Equal([B], (await ReadAsync(host, A, B)).Keys);
    }

    [Fact]
    public async Task What_vanishes_between_two_passes_is_gone_from_the_second()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}");
        host.Process(51, 50, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 50, 51);
        host.Process(60, 40, $"/docker/{B}");
        host.Cgroup($"/docker/{B}", 60);
        using var source = host.Source();
        Assert.Equal([B, A], (await ReadAsync(source, A, B)).Keys.Order());

        host.Remove("proc/51");
        host.Cgroup($"/docker/{A}", 50);
        host.Remove("proc/60");
        host.Remove($"cgroup/docker/{B}");

        Assert.Equal("50", Pids(Assert.Single(await ReadAsync(source, A, B)).Value));
    }

    [Fact]
    public async Task A_process_that_is_half_gone_is_gone()
    {
        using var host = new HostTree(sameNamespace: false);
        host.Process(50, 40, $"/docker/{A}");
        host.Process(51, 50, $"/docker/{A}");
        File.Delete($"{host.Root}/proc/51/cmdline");
        host.Process(52, 50, $"/docker/{A}");
        File.WriteAllText($"{host.Root}/proc/52/stat", "");

        Assert.Equal("50", Pids((await ReadAsync(host, A))[A]));
    }

    [Fact]
    public async Task A_command_line_is_cut_at_128_KB_between_characters()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}", command: "yes!\0" + new string('é', 100_000) + "\0");
        host.Cgroup($"/docker/{A}", 50);

        var command = (await ReadAsync(host, A))[A].Processes![0].Command;

        Assert.StartsWith("yes! éé", command);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(command), ProcTree.MaxCommandBytes - 2, ProcTree.MaxCommandBytes);
        Assert.EndsWith("é", command);
    }

    [Fact]
    public async Task Only_wanted_sections_are_read()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 50);
        using var source = host.Source();

        var processes = (await source.ReadAsync([HostTree.Container(A)], HostSections.Processes, CancellationToken.None))[A];
        var statistics = (await source.ReadAsync([HostTree.Container(A)], HostSections.Statistics, CancellationToken.None))[A];

        Assert.NotNull(processes.Processes);
        Assert.Null(processes.Statistics);
        Assert.Null(statistics.Processes);
        Assert.NotNull(statistics.Statistics);
        Assert.Empty(await source.ReadAsync([HostTree.Container(A)], HostSections.None, CancellationToken.None));
        Assert.Empty(await source.ReadAsync([HostTree.Container(A, state: ContainerStates.Exited)], Both, CancellationToken.None));
    }

    [Fact]
    public async Task A_changed_list_of_users_is_read_again()
    {
        using var host = new HostTree();
        host.Process(50, 40, $"/docker/{A}", 4242);
        host.Cgroup($"/docker/{A}", 50);
        using var source = host.Source();
        Assert.Equal("4242", (await ReadAsync(source, A))[A].Processes![0].User);

        host.Write("etc/passwd", "new:x:4242:1::/:\n");
        File.SetLastWriteTimeUtc($"{host.Root}/etc/passwd", DateTime.UtcNow.AddSeconds(5));

        Assert.Equal("new", (await ReadAsync(source, A))[A].Processes![0].User);
    }

    [Fact]
    public async Task A_host_that_shows_nothing_is_not_looked_at_again_for_a_while()
    {
        using var host = new HostTree();
        var time = new FakeTimeProvider();
        using var source = host.Source(time);
        Assert.Empty(await ReadAsync(source, A));
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 50);

        Assert.Empty(await ReadAsync(source, A));
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Single(await ReadAsync(source, A));
    }

    [Fact]
    public async Task A_host_that_has_shown_containers_shows_a_new_one_at_once()
    {
        using var host = new HostTree();
        var time = new FakeTimeProvider();
        using var source = host.Source(time);
        host.Process(50, 40, $"/docker/{A}");
        host.Cgroup($"/docker/{A}", 50);
        Assert.Single(await ReadAsync(source, A));
        Assert.Empty(await ReadAsync(source, B));

        host.Process(60, 40, $"/docker/{B}");
        host.Cgroup($"/docker/{B}", 60);

        Assert.Equal("60", Pids(Assert.Single(await ReadAsync(source, B)).Value));
    }

    [Fact]
    public async Task A_host_without_these_trees_shows_nothing()
    {
        using var source = new HostSource(new HostRoots { ProcRoot = "/nowhere/proc", CgroupRoot = "/nowhere/cgroup" }, TimeProvider.System);

        Assert.Empty(await ReadAsync(source, A));
    }

    [Fact]
    public async Task A_pass_ends_when_nobody_waits_for_it()
    {
        using var host = new HostTree();
        using var source = host.Source();
        using var left = new CancellationTokenSource();
        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.ReadAsync([HostTree.Container(A)], Both, left.Token));
    }

    [Fact]
    public async Task Passes_at_the_same_time_do_not_disturb_each_other()
    {
        using var host = new HostTree();
        foreach (var (pid, id) in new[] { (50, A), (60, B) })
        {
            host.Process(pid, 40, $"/docker/{id}");
            host.Cgroup($"/docker/{id}", pid);
        }

        using var source = host.Source();

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(n => ReadAsync(source, n % 2 == 0 ? A : B)));

        Assert.All(answers.Index(), a => Assert.Equal(a.Index % 2 == 0 ? "50" : "60", Pids(Assert.Single(a.Item).Value)));
    }

    [Theory]
    [InlineData("Host:ProcRoot", "proc")]
    [InlineData("Host:CgroupRoot", "")]
    [InlineData("Engines:0:HostSource", "yes")]
    public void A_setting_that_makes_no_sense_stops_the_start(string name, string value)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Engines:0:Name"] = "local",
            ["Engines:0:Endpoint"] = "unix:///fake.sock",
            [name] = value,
        };

        var refused = Assert.ThrowsAny<Exception>(() => new ApiHost(settings, new FakeEngine()));

        Assert.Contains(name, refused.ToString());
    }
}
