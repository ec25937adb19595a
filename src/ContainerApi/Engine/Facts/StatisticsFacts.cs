namespace ContainerApi.Engine.Facts;

/// <summary>The resource usage of a container at one moment.</summary>
internal sealed record StatisticsFacts
{
    public required DateTimeOffset SampledAt { get; init; }

    /// <summary>By interface name; null without a network of its own (a container on the host's network).</summary>
    public IReadOnlyDictionary<string, InterfaceCounters>? Interfaces { get; init; }

    /// <summary>The sum of all interfaces.</summary>
    public InterfaceCounters TotalTraffic => Interfaces?.Values.Aggregate(default(InterfaceCounters), (a, b) => a + b) ?? default;

    /// <summary>CPU time of all cores since the container started.</summary>
    public TimeSpan? CpuTime { get; init; }

    /// <summary>As <c>docker stats</c> shows it: usage without the inactive file cache.</summary>
    public long? MemoryBytes { get; init; }
    public long? MemoryLimitBytes { get; init; }
    public long? Pids { get; init; }
    public long? BlockReadBytes { get; init; }
    public long? BlockWriteBytes { get; init; }

    /// <summary>Processes that the kernel killed at the container's memory limit; null unless requested.</summary>
    public long? OomKills { get; init; }
}

/// <summary>Counters of one network interface, since its creation.</summary>
internal readonly record struct InterfaceCounters(
    long RxBytes, long RxPackets, long RxErrors, long RxDropped, long TxBytes, long TxPackets, long TxErrors, long TxDropped)
{
    public static InterfaceCounters operator +(InterfaceCounters a, InterfaceCounters b) => new(
        Counter.Add(a.RxBytes, b.RxBytes), Counter.Add(a.RxPackets, b.RxPackets),
        Counter.Add(a.RxErrors, b.RxErrors), Counter.Add(a.RxDropped, b.RxDropped),
        Counter.Add(a.TxBytes, b.TxBytes), Counter.Add(a.TxPackets, b.TxPackets),
        Counter.Add(a.TxErrors, b.TxErrors), Counter.Add(a.TxDropped, b.TxDropped));
}

/// <summary>A count that is never negative.</summary>
internal static class Counter
{
    /// <summary>The sum, or the maximum: a counter that overflowed in the kernel may be near 2^64.</summary>
    public static long Add(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;
}

/// <summary>One process of a container as the engine's host sees it.</summary>
/// <param name="Pid">The id in the host's pid namespace.</param>
/// <param name="CpuTime">User and system time used so far.</param>
internal sealed record ProcessFacts(int Pid, int? ParentPid, string? User, DateTimeOffset? StartedAt, TimeSpan? CpuTime, string Command)
{
    /// <summary>The resident memory.</summary>
    public long? MemoryBytes { get; init; }
}

/// <summary>The parts of a host sample to read.</summary>
[Flags]
internal enum HostSections
{
    None = 0,
    Processes = 1,
    Statistics = 2,

    /// <summary>The kills at the memory limit, in addition to the statistics.</summary>
    OomKills = 4,
}

/// <summary>Values of one container, read from the host. A part that was not requested or not readable is null.</summary>
internal sealed record HostSample(DateTimeOffset SampledAt, IReadOnlyList<ProcessFacts>? Processes, StatisticsFacts? Statistics);
