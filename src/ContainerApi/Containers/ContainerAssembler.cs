
namespace ContainerApi.Containers;

/// <summary>Puts what was read of one engine's containers into their rows.</summary>
internal static class ContainerAssembler
{
    /// <returns>Completes a row; null where its container vanished while it was read.</returns>
    public static Func<ContainerFacts, Container, Container?> Engine(
        string engine,
        IReadOnlyList<ContainerFacts> containers,
        IReadOnlyDictionary<string, ContainerReading> readings,
        Func<string, ContainerFacts?> find,
        ContainerSections sections,
        RateHistory memory)
    {
        // Every sample is remembered once, before any row is made: rows that share a network share its rates too.
        var rates = new Dictionary<string, ContainerRates>();
        foreach (var container in containers)
        {
            if (!container.HasProcesses)
            {
                memory.Forget(engine, container.Id);
            }
            else if (readings.TryGetValue(container.Id, out var reading) && reading.Statistics is { Value: { } facts } statistics)
            {
                var sample = new RateSample(statistics.Timestamp, InitPid(reading.Processes?.Value), facts);
                rates[container.Id] = memory.Remember(engine, container.Id, sample);
            }
        }

        return (container, picture) => Complete(container, picture, readings, rates, find, sections);
    }

    private static Container? Complete(
        ContainerFacts container,
        Container picture,
        IReadOnlyDictionary<string, ContainerReading> readings,
        Dictionary<string, ContainerRates> rates,
        Func<string, ContainerFacts?> find,
        ContainerSections sections)
    {
        var reading = readings.GetValueOrDefault(container.Id);
        if (reading?.IsGone == true)
        {
            return null;
        }

        var statistics = reading?.Statistics ?? NotRunning<StatisticsFacts>(container);
        if (sections.HasFlag(ContainerSections.Processes))
        {
            picture = picture with
            {
                Processes = ContainerProjection.Processes(reading?.Processes ?? NotRunning<IReadOnlyList<ProcessFacts>>(container)),
            };
        }

        if (sections.HasFlag(ContainerSections.Network))
        {
            var place = NetworkMembership.Of(container, find);
            var owner = statistics.State == SectionState.Ok
                && readings.GetValueOrDefault(place.Owner)?.Statistics is { State: SectionState.Ok }
                ? place.Owner
                : container.Id;
            picture = picture with
            {
                Network = ContainerProjection.Network(
                    place, readings.GetValueOrDefault(owner)?.Statistics ?? statistics, rates.GetValueOrDefault(owner)),
            };
        }

        return sections.HasFlag(ContainerSections.Usage)
            ? picture with { Usage = ContainerProjection.Usage(statistics, rates.GetValueOrDefault(container.Id)) }
            : picture;
    }

    private static Reading<T> NotRunning<T>(ContainerFacts container) where T : class =>
        Reading<T>.Failed(SectionState.NotRunning, $"The container does not run: it is {container.State}.", source: null);

    /// <summary>The oldest of the processes that no other of the container started; an exec starts some beside it.</summary>
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
