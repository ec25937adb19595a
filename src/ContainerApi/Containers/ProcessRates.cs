namespace ContainerApi.Containers;

/// <summary>
/// Keeps two samples of the CPU times of each container's processes that are far enough apart for a rate, as
/// <see cref="RateHistory"/> does for containers. A process is the same one if its id and its start are equal.
/// </summary>
internal sealed class ProcessRates(TimeProvider time)
{
    /// <summary>More processes of one container have no rate. A sample has 24 bytes for each.</summary>
    private const int MaxProcesses = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Engine, string Id), (Sample? Older, Sample Newer)> _samples = [];

    /// <summary>Records a sample and returns the CPU usage of each process since an earlier one; 100 is one full core.</summary>
    /// <param name="reading">Processes from the host, sorted by id. The engine's <c>ps</c> counts whole seconds, which is too coarse.</param>
    public IReadOnlyList<double?>? Record(string engine, string id, Reading<IReadOnlyList<ProcessFacts>> reading)
    {
        if (reading is not { Source: SectionSource.Host, Value: { } processes, SampledAt: { } sampledAt })
        {
            return null;
        }

        var sample = new Sample(reading.Timestamp, sampledAt, [.. processes.Take(MaxProcesses).Select(Used.Of)]);
        var older = Push(engine, id, sample);
        return older is not null
            && Rates.Window(older.SampledAt, sampledAt, time.GetElapsedTime(older.Timestamp, sample.Timestamp)) is { } window
            ? Between(older.Processes, sample.Processes, window)
            : null;
    }

    public void Forget(string engine, string id)
    {
        lock (_lock)
        {
            _samples.Remove((engine, id));
        }
    }

    public void ForgetOthers(string engine, HashSet<string> ids)
    {
        lock (_lock)
        {
            foreach (var key in _samples.Keys.Where(k => k.Engine == engine && !ids.Contains(k.Id)))
            {
                _samples.Remove(key);
            }
        }
    }

    /// <summary>Returns the earlier sample for the rate, or null.</summary>
    private Sample? Push(string engine, string id, Sample sample)
    {
        lock (_lock)
        {
            if (!_samples.TryGetValue((engine, id), out var known))
            {
                if (_samples.Count == RateHistory.MaxContainers)
                {
                    foreach (var (key, _) in _samples.OrderBy(s => s.Value.Newer.Timestamp).Take(RateHistory.MaxContainers / 10).ToList())
                    {
                        _samples.Remove(key);
                    }
                }

                _samples[(engine, id)] = (null, sample);
                return null;
            }

            if (time.GetElapsedTime(known.Newer.Timestamp, sample.Timestamp) < RateHistory.MinWindow)
            {
                return known.Older;
            }

            _samples[(engine, id)] = (known.Newer, sample);
            return known.Newer;
        }
    }

    /// <param name="older">Sorted by process id, as <paramref name="newer"/>.</param>
    private static double?[] Between(Used[] older, Used[] newer, TimeSpan window)
    {
        var rates = new double?[newer.Length];
        var at = 0;
        for (var i = 0; i < newer.Length; i++)
        {
            while (at < older.Length && older[at].Pid < newer[i].Pid)
            {
                at++;
            }

            if (at < older.Length && older[at].Pid == newer[i].Pid && older[at].Start == newer[i].Start && older[at].Cpu <= newer[i].Cpu)
            {
                rates[i] = Math.Round((newer[i].Cpu - older[at].Cpu) / (double)window.Ticks * 100, 2);
            }
        }

        return rates;
    }

    private sealed record Sample(long Timestamp, DateTimeOffset SampledAt, Used[] Processes);

    /// <summary>CPU time and start of a process, in ticks.</summary>
    private readonly record struct Used(int Pid, long Start, long Cpu)
    {
        public static Used Of(ProcessFacts process) => new(process.Pid, process.StartedAt?.UtcTicks ?? 0, process.CpuTime?.Ticks ?? 0);
    }
}
