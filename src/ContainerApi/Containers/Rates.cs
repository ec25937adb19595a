namespace ContainerApi.Containers;

/// <summary>The counters of one container at one moment.</summary>
/// <param name="Timestamp">The monotonic clock of this service (<see cref="TimeProvider.GetTimestamp"/>).</param>
/// <param name="InitPid">The first process of the container, where known: a different one means a restart.</param>
internal sealed record RateSample(long Timestamp, int? InitPid, StatisticsFacts Facts);

/// <summary>Rates between two samples; null where unknown.</summary>
/// <param name="CpuPercent">100 is one full core.</param>
internal readonly record struct ContainerRates(
    double? RxBytesPerSecond, double? TxBytesPerSecond, double? CpuPercent, long? WindowMs)
{
    public static readonly ContainerRates Unknown;
}

/// <summary>Pure: two samples → rates.</summary>
internal static class Rates
{
    /// <param name="elapsed">The time between the samples by the monotonic clock.</param>
    public static ContainerRates Between(RateSample older, RateSample newer, TimeSpan elapsed)
    {
        if (IsReset(older, newer) || Window(older, newer, elapsed) is not { } window)
        {
            return ContainerRates.Unknown;
        }

        var network = SameInterfaces(older.Facts.Interfaces, newer.Facts.Interfaces);
        var (before, now) = (older.Facts.TotalTraffic, newer.Facts.TotalTraffic);
        return new ContainerRates(
            network ? PerSecond(now.RxBytes - before.RxBytes, window) : null,
            network ? PerSecond(now.TxBytes - before.TxBytes, window) : null,
            newer.Facts.CpuTime - older.Facts.CpuTime is { } used ? Math.Round(used / window * 100, 2) : null,
            (long)window.TotalMilliseconds);
    }

    /// <summary>
    /// The samples' own times are exact, but their clock can be set. The monotonic clock cannot be set, but includes network
    /// latency. So the samples' times are used where the two agree.
    /// </summary>
    private static TimeSpan? Window(RateSample older, RateSample newer, TimeSpan elapsed)
    {
        if (elapsed <= TimeSpan.Zero)
        {
            return null;
        }

        var sampled = newer.Facts.SampledAt - older.Facts.SampledAt;
        // The same sample twice: the engine's collector did not tick in between.
        return sampled == TimeSpan.Zero ? null : (sampled - elapsed).Duration() <= elapsed / 4 ? sampled : elapsed;
    }

    /// <summary>Counters only grow while a container runs: a smaller one means a restart.</summary>
    private static bool IsReset(RateSample older, RateSample newer) =>
        (older.InitPid is { } before && newer.InitPid is { } now && before != now)
        || newer.Facts.CpuTime < older.Facts.CpuTime
        || newer.Facts.BlockReadBytes < older.Facts.BlockReadBytes
        || newer.Facts.BlockWriteBytes < older.Facts.BlockWriteBytes
        || (older.Facts.Interfaces is { } interfaces && interfaces.Any(o =>
            newer.Facts.Interfaces is { } current && current.TryGetValue(o.Key, out var n)
            && (n.RxBytes < o.Value.RxBytes || n.TxBytes < o.Value.TxBytes || n.RxPackets < o.Value.RxPackets || n.TxPackets < o.Value.TxPackets)));

    private static bool SameInterfaces(
        IReadOnlyDictionary<string, InterfaceCounters>? older, IReadOnlyDictionary<string, InterfaceCounters>? newer) =>
        older is not null && newer is not null && older.Count == newer.Count && older.Keys.All(newer.ContainsKey);

    private static double PerSecond(long count, TimeSpan window) => Math.Round(count / window.TotalSeconds, 2);
}

/// <summary>
/// Keeps two samples per container that are far enough apart for a rate, however often the container is read. Samples of
/// containers that are no longer read expire.
/// </summary>
internal sealed class RateHistory(TimeProvider time)
{
    /// <summary>In shorter windows the ticks of the kernel's clocks and of the engine's collector distort the rate.</summary>
    public static readonly TimeSpan MinWindow = TimeSpan.FromMilliseconds(200);

    public static readonly TimeSpan MaxWindow = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Engine, string Id), (RateSample? Older, RateSample Newer)> _samples = [];
    private long _cleaned = time.GetTimestamp();

    /// <summary>Records a sample and returns the rates since an earlier one.</summary>
    public ContainerRates Record(string engine, string id, RateSample sample)
    {
        lock (_lock)
        {
            if (!_samples.TryGetValue((engine, id), out var known) || Elapsed(known.Newer, sample) > MaxWindow)
            {
                _samples[(engine, id)] = (null, sample);
                return ContainerRates.Unknown;
            }

            // The newest sample is too near, so the one before it is used and kept.
            var near = Elapsed(known.Newer, sample) < MinWindow;
            var older = near ? known.Older : known.Newer;
            var rates = older is null ? ContainerRates.Unknown : Rates.Between(older, sample, Elapsed(older, sample));
            if (!near || (older is not null && rates == ContainerRates.Unknown))
            {
                // After a restart earlier samples are useless.
                _samples[(engine, id)] = (rates == ContainerRates.Unknown ? null : known.Newer, sample);
            }

            return rates;
        }
    }

    /// <summary>The counters of a stopped container start at zero again.</summary>
    public void Forget(string engine, string id)
    {
        lock (_lock)
        {
            _samples.Remove((engine, id));
        }
    }

    /// <summary>Removes samples that are older than the maximum window, at most once per window.</summary>
    public void RemoveExpired()
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_cleaned) <= MaxWindow)
            {
                return;
            }

            _cleaned = time.GetTimestamp();
            foreach (var (key, known) in _samples)
            {
                if (time.GetElapsedTime(known.Newer.Timestamp, _cleaned) > MaxWindow)
                {
                    _samples.Remove(key);
                }
            }
        }
    }

    private TimeSpan Elapsed(RateSample older, RateSample newer) => time.GetElapsedTime(older.Timestamp, newer.Timestamp);
}
