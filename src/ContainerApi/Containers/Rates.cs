namespace ContainerApi.Containers;

/// <summary>The counters of one container at one moment.</summary>
/// <param name="Timestamp">The monotonic clock of this service (<see cref="TimeProvider.GetTimestamp"/>).</param>
/// <param name="InitPid">The first process of the container, where known: a different one means a restart.</param>
/// <param name="Age">The time since the container was started, where known: a time shorter than the window means a restart.</param>
internal sealed record RateSample(long Timestamp, int? InitPid, StatisticsFacts Facts, TimeSpan? Age = null);

/// <summary>Rates between two samples; null where unknown.</summary>
/// <param name="CpuPercent">100 is one full core.</param>
internal readonly record struct ContainerRates(
    double? RxBytesPerSecond, double? TxBytesPerSecond, double? CpuPercent, double? BlockReadBytesPerSecond, double? BlockWriteBytesPerSecond,
    long? WindowMs)
{
    public static readonly ContainerRates Unknown;
}

/// <summary>Pure: two samples → rates.</summary>
internal static class Rates
{
    /// <summary>In a longer window a restarted container may have passed its earlier counters, so the sample's age must be known.</summary>
    public static readonly TimeSpan MaxWindowWithoutAge = TimeSpan.FromMinutes(5);

    /// <summary>How much the engine's clock may gain on this service's in a window, or be set.</summary>
    private static readonly TimeSpan AgeTolerance = TimeSpan.FromSeconds(2);

    /// <param name="elapsed">The time between the samples by the monotonic clock.</param>
    public static ContainerRates Between(RateSample older, RateSample newer, TimeSpan elapsed)
    {
        if (IsReset(older, newer, elapsed) || Window(older.Facts.SampledAt, newer.Facts.SampledAt, elapsed) is not { } window)
        {
            return ContainerRates.Unknown;
        }

        var network = SameInterfaces(older.Facts.Interfaces, newer.Facts.Interfaces);
        var (before, now) = (older.Facts.TotalTraffic, newer.Facts.TotalTraffic);
        return new ContainerRates(
            network ? PerSecond(now.RxBytes - before.RxBytes, window) : null,
            network ? PerSecond(now.TxBytes - before.TxBytes, window) : null,
            newer.Facts.CpuTime - older.Facts.CpuTime is { } used ? Math.Round(used / window * 100, 2) : null,
            PerSecond(newer.Facts.BlockReadBytes - older.Facts.BlockReadBytes, window),
            PerSecond(newer.Facts.BlockWriteBytes - older.Facts.BlockWriteBytes, window),
            (long)window.TotalMilliseconds);
    }

    /// <summary>
    /// The samples' own times are exact, but their clock can be set. The monotonic clock cannot be set, but includes network
    /// latency. So the samples' times are used where the two agree.
    /// </summary>
    public static TimeSpan? Window(DateTimeOffset older, DateTimeOffset newer, TimeSpan elapsed)
    {
        if (elapsed <= TimeSpan.Zero)
        {
            return null;
        }

        var sampled = newer - older;
        // The same sample twice: the engine's collector did not tick in between.
        return sampled == TimeSpan.Zero ? null : (sampled - elapsed).Duration() <= elapsed / 4 ? sampled : elapsed;
    }

    /// <summary>Counters only grow while a container runs: a smaller one means a restart.</summary>
    private static bool IsReset(RateSample older, RateSample newer, TimeSpan elapsed) =>
        (newer.Age is { } age ? age + AgeTolerance < elapsed : elapsed > MaxWindowWithoutAge)
        || (older.InitPid is { } before && newer.InitPid is { } now && before != now)
        || newer.Facts.CpuTime < older.Facts.CpuTime
        || newer.Facts.BlockReadBytes < older.Facts.BlockReadBytes
        || newer.Facts.BlockWriteBytes < older.Facts.BlockWriteBytes
        || (older.Facts.Interfaces is { } interfaces && interfaces.Any(o =>
            newer.Facts.Interfaces is { } current && current.TryGetValue(o.Key, out var n)
            && (n.RxBytes < o.Value.RxBytes || n.TxBytes < o.Value.TxBytes || n.RxPackets < o.Value.RxPackets || n.TxPackets < o.Value.TxPackets)));

    private static bool SameInterfaces(
        IReadOnlyDictionary<string, InterfaceCounters>? older, IReadOnlyDictionary<string, InterfaceCounters>? newer) =>
        older is not null && newer is not null && older.Count == newer.Count && older.Keys.All(newer.ContainsKey);

    private static double? PerSecond(long? count, TimeSpan window) => count is { } n ? Math.Round(n / window.TotalSeconds, 2) : null;
}

/// <summary>
/// Keeps two samples per container that are far enough apart for a rate, however often or rarely the container is read, until the
/// container is stopped or removed.
/// </summary>
internal sealed class RateHistory(TimeProvider time)
{
    /// <summary>In shorter windows the ticks of the kernel's clocks and of the engine's collector distort the rate.</summary>
    public static readonly TimeSpan MinWindow = TimeSpan.FromMilliseconds(200);

    /// <summary>Above it the containers that were read longest ago are forgotten. Two samples have about 1 KB.</summary>
    public const int MaxContainers = 20_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Engine, string Id), (RateSample? Older, RateSample Newer)> _samples = [];

    /// <summary>The samples of their processes.</summary>
    public ProcessRates Processes { get; } = new(time);

    /// <summary>Whether a sample of this time needs an age for a rate.</summary>
    public bool NeedsAge(string engine, string id, long timestamp)
    {
        lock (_lock)
        {
            return _samples.TryGetValue((engine, id), out var known)
                && (IsNear(known.Newer, timestamp) ? known.Older : known.Newer) is { } older
                && time.GetElapsedTime(older.Timestamp, timestamp) > Rates.MaxWindowWithoutAge;
        }
    }

    /// <summary>Records a sample and returns the rates since an earlier one.</summary>
    public ContainerRates Record(string engine, string id, RateSample sample)
    {
        lock (_lock)
        {
            if (!_samples.TryGetValue((engine, id), out var known))
            {
                if (_samples.Count == MaxContainers)
                {
                    foreach (var (key, _) in _samples.OrderBy(s => s.Value.Newer.Timestamp).Take(MaxContainers / 10).ToList())
                    {
                        _samples.Remove(key);
                    }
                }

                _samples[(engine, id)] = (null, sample);
                return ContainerRates.Unknown;
            }

            // The newest sample is too near, so the one before it is used and kept.
            var near = IsNear(known.Newer, sample.Timestamp);
            var older = near ? known.Older : known.Newer;
            var rates = older is null
                ? ContainerRates.Unknown
                : Rates.Between(older, sample, time.GetElapsedTime(older.Timestamp, sample.Timestamp));
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
        Processes.Forget(engine, id);
        lock (_lock)
        {
            _samples.Remove((engine, id));
        }
    }

    /// <summary>Forgets the containers of an engine that are not in a complete list of its running containers.</summary>
    public void ForgetOthers(string engine, IEnumerable<string> running)
    {
        var ids = running.ToHashSet();
        Processes.ForgetOthers(engine, ids);
        lock (_lock)
        {
            foreach (var key in _samples.Keys.Where(k => k.Engine == engine && !ids.Contains(k.Id)))
            {
                _samples.Remove(key);
            }
        }
    }

    private bool IsNear(RateSample newer, long timestamp) => time.GetElapsedTime(newer.Timestamp, timestamp) < MinWindow;
}
