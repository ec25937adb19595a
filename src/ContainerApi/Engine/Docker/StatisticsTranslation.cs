using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts an engine's statistics to facts.</summary>
internal static class StatisticsTranslation
{
    /// <summary>Far above what containers have. The samples of thousands of containers are in memory at the same time.</summary>
    private const int MaxInterfaces = 256;

    /// <exception cref="JsonException">A value is missing, or there are too many interfaces.</exception>
    public static StatisticsFacts ToStatistics(ContainerStatistics statistics)
    {
        if (statistics.Networks?.Count > MaxInterfaces)
        {
            throw new JsonException("Too many interfaces.");
        }

        var usage = Saturate(statistics.MemoryStats?.Usage);
        return new StatisticsFacts
        {
            SampledAt = statistics.Read,
            Interfaces = statistics.Networks?.ToDictionary(n => n.Key, n => ToCounters(n.Value ?? throw WireValues.UnexpectedNull())),
            CpuTime = statistics.CpuStats?.CpuUsage is { TotalUsage: > 0 } cpu ? TimeSpan.FromTicks((long)(cpu.TotalUsage / 100)) : null,
            MemoryBytes = usage - InactiveFileCache(statistics.MemoryStats?.Stats, usage),
            MemoryLimitBytes = Saturate(statistics.MemoryStats?.Limit),
            Pids = Saturate(statistics.PidsStats?.Current),
            BlockReadBytes = BlockBytes(statistics.BlkioStats, "read"),
            BlockWriteBytes = BlockBytes(statistics.BlkioStats, "write"),
        };
    }

    private static InterfaceCounters ToCounters(WireInterface counters) => new(
        Saturate(counters.RxBytes), Saturate(counters.RxPackets), Saturate(counters.RxErrors), Saturate(counters.RxDropped),
        Saturate(counters.TxBytes), Saturate(counters.TxPackets), Saturate(counters.TxErrors), Saturate(counters.TxDropped));

    /// <summary>
    /// The cache that <c>docker stats</c> subtracts (docker/cli 20.10 <c>calculateMemUsageUnixNoCache</c>): <c>total_inactive_file</c> in
    /// cgroup v1, <c>inactive_file</c> in v2.
    /// </summary>
    private static long InactiveFileCache(IReadOnlyDictionary<string, ulong>? stats, long? usage)
    {
        if (stats is null || usage is null)
        {
            return 0;
        }

        var cache = stats.TryGetValue("total_inactive_file", out var v1) ? v1 : stats.GetValueOrDefault("inactive_file");
        return cache < (ulong)usage ? (long)cache : 0;
    }

    private static long? BlockBytes(WireBlockIo? blockIo, string operation) =>
        blockIo is null ? null : blockIo.IoServiceBytesRecursive.WithoutNulls()
            .Where(e => string.Equals(e.Op, operation, StringComparison.OrdinalIgnoreCase))
            .Aggregate(0L, (sum, e) => Counter.Add(sum, Saturate(e.Value)));

    /// <summary>An unlimited cgroup v1 has a limit near 2^64, which exceeds the type.</summary>
    private static long Saturate(ulong value) => long.CreateSaturating(value);

    private static long? Saturate(ulong? value) => value is { } v ? Saturate(v) : null;
}
