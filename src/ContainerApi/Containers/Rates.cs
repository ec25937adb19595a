namespace ContainerApi.Containers;

/// <summary>What one container had counted at one moment.</summary>
/// <param name="Timestamp">Our own monotonic clock when the sample was there (<see cref="TimeProvider.GetTimestamp"/>).</param>
/// <param name="InitPid">The process the container began with, where known: another one means that it was restarted.</param>
internal sealed record RateSample(long Timestamp, int? InitPid, StatisticsFacts Facts);

/// <summary>What happened between two samples. What cannot be told is null.</summary>
/// <param name="CpuPercent">100 is one core fully used.</param>
internal readonly record struct ContainerRates(
    double? RxBytesPerSecond, double? TxBytesPerSecond, double? CpuPercent, long? WindowMs)
{
    public static readonly ContainerRates Unknown;
}

/// <summary>Pure: two samples → rates.</summary>
internal static class Rates
{
    /// <param name="elapsed">Between the two by our own clock, which no clock step moves.</param>
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
    /// The samples' own times are exact, but their clock can be set; ours cannot, but has the way to us in it. So theirs
    /// count where the two agree.
    /// </summary>
    private static TimeSpan? Window(RateSample older, RateSample newer, TimeSpan elapsed)
    {
        if (elapsed <= TimeSpan.Zero)
        {
            return null;
        }

        var told = newer.Facts.SampledAt - older.Facts.SampledAt;
        // Twice the same sample: a collector that did not tick in between.
        return told == TimeSpan.Zero ? null : (told - elapsed).Duration() <= elapsed / 4 ? told : elapsed;
    }

    /// <summary>Counters only grow while a container runs: one that went back means that it was restarted in between.</summary>
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
/// Remembers what it takes to give every reading a rate: for each container two samples that are far enough apart, however
/// often it is read. Samples live only while somebody reads: what is not asked for again is forgotten at a later reading.
/// </summary>
internal sealed class RateHistory(TimeProvider time)
{
    /// <summary>Below this, ticks of the kernel's clocks and of the engine's collector show.</summary>
    public static readonly TimeSpan MinWindow = TimeSpan.FromMilliseconds(200);

    public static readonly TimeSpan MaxWindow = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Engine, string Id), (RateSample? Older, RateSample Newer)> _samples = [];
    private long _cleaned = time.GetTimestamp();

    /// <summary>Takes a sample and tells the rates since an earlier one.</summary>
    public ContainerRates Record(string engine, string id, RateSample sample)
    {
        lock (_lock)
        {
            if (!_samples.TryGetValue((engine, id), out var known) || Elapsed(known.Newer, sample) > MaxWindow)
            {
                _samples[(engine, id)] = (null, sample);
                return ContainerRates.Unknown;
            }

            // The newest kept one is too near: the one before it still tells, and is kept.
            var near = Elapsed(known.Newer, sample) < MinWindow;
            var older = near ? known.Older : known.Newer;
            var rates = older is null ? ContainerRates.Unknown : Rates.Between(older, sample, Elapsed(older, sample));
            if (!near || (older is not null && rates == ContainerRates.Unknown))
            {
                // After a reset nothing before it counts.
                _samples[(engine, id)] = (rates == ContainerRates.Unknown ? null : known.Newer, sample);
            }

            return rates;
        }
    }

    /// <summary>A container that does not run starts at zero again.</summary>
    public void Forget(string engine, string id)
    {
        lock (_lock)
        {
            _samples.Remove((engine, id));
        }
    }

    /// <summary>Drops what is too old to be of use; at most once in a window's length, so that it costs nothing.</summary>
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
