using ContainerApi.Tests.Containers.Logs;

namespace ContainerApi.Tests.Containers;

/// <summary>Short facts for tests.</summary>
internal static class Facts
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A full id that begins with this digit.</summary>
    public static string Id(char digit) => new(digit, 64);

    public static ContainerFacts Container(
        char digit, string? name = null, string state = ContainerStates.Running, string? network = "bridge") => new()
        {
            Id = Id(digit),
            Name = name ?? "c" + digit,
            Image = "busybox:latest",
            ImageId = "sha256:" + Id('f'),
            CreatedAt = Noon.AddSeconds(digit),
            Command = "sleep 100",
            State = state,
            Status = state == ContainerStates.Running ? "Up 3 minutes" : "Exited (0) 2 hours ago",
            NetworkMode = network,
            Networks = network is "bridge" ? [new NetworkFacts("bridge", "172.17.0.2", null, "172.17.0.1", "02:42:ac:11:00:02")] : [],
        };

    public static InterfaceCounters Counters(long received, long sent) => new(received, received / 100, 0, 0, sent, sent / 100, 0, 0);

    public static StatisticsFacts Statistics(
        double cpuMs = 100, long received = 1000, long sent = 500, DateTimeOffset? at = null, long written = 0) => new()
        {
            SampledAt = at ?? Noon,
            Interfaces = new Dictionary<string, InterfaceCounters> { ["eth0"] = Counters(received, sent) },
            CpuTime = TimeSpan.FromMilliseconds(cpuMs),
            MemoryBytes = 4096,
            MemoryLimitBytes = 8192,
            Pids = 1,
            BlockReadBytes = 0,
            BlockWriteBytes = written,
        };

    public static ProcessFacts Process(int pid = 42, int parent = 41, string command = "sleep 100") =>
        new(pid, parent, "root", Noon, TimeSpan.FromMilliseconds(10), command);

    /// <summary>An engine with these containers; every one has one process and statistics.</summary>
    public static FakeEngine Engine(params IReadOnlyList<ContainerFacts> containers) => EngineNamed("local", containers);

    public static FakeEngine EngineNamed(string name, params IReadOnlyList<ContainerFacts> containers) => new()
    {
        Name = name,
        ListContainers = (_, _) => Task.FromResult(containers),
        ListProcesses = (_, _) => Task.FromResult<IReadOnlyList<ProcessFacts>>([Process()]),
        ReadStatistics = (_, _) => Task.FromResult(Statistics()),
        ReadLogs = new FakeLogs().ReadAsync,
    };
}
