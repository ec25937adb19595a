using System.Numerics;
using ContainerApi.Cluster;

namespace ContainerApi.Containers.Summaries;

/// <summary>Pure: the sums of this replica and those of others → one summary. No container and no network namespace is on two engines.</summary>
internal static class SummaryMerge
{
    /// <exception cref="EngineException">No engine answered.</exception>
    public static ContainerSummary Merge(ContainerSummary own, PeerParts<ContainerSummary> others)
    {
        IReadOnlyList<ContainerSummary> all = [own, .. others.Lists];
        var engines = ContainerMerge.Engines(own.Engines, others.Lists.SelectMany(s => s.Engines), others.Missing);
        var groups = all.SelectMany(s => s.Groups).GroupBy(g => Summarizer.GroupKey.Of(g.Key, own.By)).OrderBy(g => g.Key)
            .Select(g => g.Aggregate((a, b) => Add(a, b, a.Key)));
        return new ContainerSummary(
            own.By, [.. groups], all.Select(s => s.Total).Aggregate((a, b) => Add(a, b, new Dictionary<string, string?>())), engines,
            engines.All(e => e.Error is null));
    }

    private static SummaryGroup Add(SummaryFigures a, SummaryFigures b, IReadOnlyDictionary<string, string?> key)
    {
        var (x, y) = (a.Containers, b.Containers);
        // A sum without a container that runs is 0 and no value that is known.
        var (asksFirst, asksSecond) = (x.Running + x.Paused > 0, y.Running + y.Paused > 0);
        return new SummaryGroup(
            key,
            new SummaryCounts(
                x.Total + y.Total, x.Created + y.Created, x.Running + y.Running, x.Paused + y.Paused, x.Restarting + y.Restarting,
                x.Removing + y.Removing, x.Exited + y.Exited, x.Dead + y.Dead, x.Unhealthy + y.Unhealthy),
            Sum(a.Processes, b.Processes),
            new SummaryUsage(
                Rounded(a.Usage.CpuPercent, b.Usage.CpuPercent), Sum(a.Usage.MemoryBytes, b.Usage.MemoryBytes), Sum(a.Usage.Pids, b.Usage.Pids),
                Sum(a.Usage.BlockReadBytes, b.Usage.BlockReadBytes), Sum(a.Usage.BlockWriteBytes, b.Usage.BlockWriteBytes),
                Rounded(a.Usage.BlockReadBytesPerSecond, b.Usage.BlockReadBytesPerSecond),
                Rounded(a.Usage.BlockWriteBytesPerSecond, b.Usage.BlockWriteBytesPerSecond)),
            new SummaryTraffic(
                Sum(a.Network.RxBytes, b.Network.RxBytes), Sum(a.Network.TxBytes, b.Network.TxBytes),
                Rounded(a.Network.RxBytesPerSecond, b.Network.RxBytesPerSecond), Rounded(a.Network.TxBytesPerSecond, b.Network.TxBytesPerSecond)),
            a.Missing + b.Missing);

        T? Sum<T>(T? first, T? second)
            where T : struct, INumber<T> => (first, second) switch
            {
                ({ } one, { } other) => one + other,
                (null, null) => null,
                (null, { } other) => asksSecond ? other : null,
                ({ } one, null) => asksFirst ? one : null,
            };

        double? Rounded(double? first, double? second) => Sum(first, second) is { } sum ? Math.Round(sum, 2) : null;
    }
}
