namespace ContainerApi.Containers;

/// <summary>Puts the readings of one engine's containers into their rows.</summary>
internal sealed class ContainerAssembler(
    IReadOnlyDictionary<string, ContainerReading> readings, InspectionReadings inspections, Func<string, ContainerFacts?> find,
    ContainerSections sections)
{
    private readonly Dictionary<string, ContainerRates> _rates = [];
    private readonly Dictionary<string, IReadOnlyList<double?>> _processRates = [];

    /// <summary>Returns the containers whose samples need an age.</summary>
    public IReadOnlyList<string> WithoutAge(IReadOnlyList<ContainerRow> rows, RateHistory history) =>
    [
        .. rows.Where(r => inspections.StartOf(r.Id) is null && readings.GetValueOrDefault(r.Id)?.Statistics is { Value: not null } read
            && history.NeedsAge(r.Engine, r.Id, read.Timestamp)).Select(r => r.Id),
    ];

    /// <summary>Records the samples of all rows. Call it before <see cref="Complete"/>: rows that share a network share its rates too.</summary>
    /// <param name="starts">The start times of containers whose samples need an age.</param>
    public void Record(IReadOnlyList<ContainerRow> rows, RateHistory history, IReadOnlyDictionary<string, DateTimeOffset> starts)
    {
        foreach (var row in rows)
        {
            if (!row.Facts.HasProcesses)
            {
                history.Forget(row.Engine, row.Id);
                continue;
            }

            var reading = readings.GetValueOrDefault(row.Id);
            if (reading?.Processes is { } processes && history.Processes.Record(row.Engine, row.Id, processes) is { } cpu)
            {
                _processRates[row.Id] = cpu;
            }

            if (reading?.Statistics is { Value: { } facts } statistics)
            {
                var start = inspections.StartOf(row.Id) ?? (starts.TryGetValue(row.Id, out var read) ? read : null);
                var age = facts.SampledAt - start;
                _rates[row.Id] = history.Record(
                    row.Engine, row.Id, new RateSample(statistics.Timestamp, InitPid(reading.Processes?.Value), facts, age));
            }
        }
    }

    /// <returns>The row with its sections; null where the container was removed while it was read.</returns>
    public ContainerRow? Complete(ContainerRow row)
    {
        var reading = readings.GetValueOrDefault(row.Id);
        if (reading?.IsGone == true || inspections.IsGone(row.Id))
        {
            return null;
        }

        var membership = sections.HasFlag(ContainerSections.Network) ? NetworkMembership.Of(row.Facts, find) : null;
        var statistics = reading?.Statistics ?? NotRunning<StatisticsFacts>(row.Facts);
        return row with
        {
            Processes = sections.HasFlag(ContainerSections.Processes)
                ? ContainerProjection.Processes(
                    reading?.Processes ?? NotRunning<IReadOnlyList<ProcessFacts>>(row.Facts), _processRates.GetValueOrDefault(row.Id))
                : null,
            Network = membership is null ? null : Network(row, membership, statistics),
            NetworkNamespace = membership?.Namespace,
            OomKills = statistics.Value?.OomKills,
            Usage = sections.HasFlag(ContainerSections.Usage) ? ContainerProjection.Usage(statistics, _rates.GetValueOrDefault(row.Id)) : null,
            Details = sections.HasFlag(ContainerSections.Details) ? DetailsProjection.Details(inspections.DetailsOf(row.Id)) : null,
            Size = sections.HasFlag(ContainerSections.Size) ? DetailsProjection.Size(inspections.SizeOf(row.Id)) : null,
        };
    }

    private NetworkSection Network(ContainerRow row, NetworkMembership membership, Reading<StatisticsFacts> statistics)
    {
        var owner = statistics.State == SectionState.Ok && readings.GetValueOrDefault(membership.Owner)?.Statistics is { State: SectionState.Ok }
            ? membership.Owner
            : row.Id;
        return ContainerProjection.Network(membership, readings.GetValueOrDefault(owner)?.Statistics ?? statistics, _rates.GetValueOrDefault(owner));
    }

    private static Reading<T> NotRunning<T>(ContainerFacts container) where T : class =>
        Reading<T>.Failed(SectionState.NotRunning, $"The container is not running. Its state is {container.State}.", source: null);

    /// <summary>The oldest process whose parent is outside the container. An exec adds further ones.</summary>
    private static int? InitPid(IReadOnlyList<ProcessFacts>? processes)
    {
        if (processes is not { Count: > 0 } || processes.Any(p => p.StartedAt is null || p.ParentPid is null))
        {
            return null;
        }

        var pids = processes.Select(p => p.Pid).ToHashSet();
        return processes.Where(p => !pids.Contains(p.ParentPid!.Value)).OrderBy(p => p.StartedAt).ThenBy(p => p.Pid).FirstOrDefault()?.Pid;
    }
}
