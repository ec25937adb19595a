using System.Collections.Concurrent;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>
/// Makes one picture: (1) every engine lists, at the same time; (2) rows are filtered and, where the order needs no section,
/// cut to the page, so that nothing is read that is not shown; (3) sections are read; (4) the projection puts them
/// together. An engine that fails is an entry of the answer, a container that vanished is left out.
/// </summary>
internal sealed partial class ContainerCollector(SectionReader reader, RateHistory rates, ILogger<ContainerCollector> logger)
{
    /// <summary>Engines that did not answer last time: each outage is told once, not with every sweep.</summary>
    private readonly ConcurrentDictionary<string, bool> _missing = new();

    /// <param name="engines">Those that whoever asks sees.</param>
    /// <param name="evenIfAllFail">Whether an answer without any engine is one: its entries of the engines tell why.</param>
    /// <exception cref="EngineException">There is no engine of a name, or none of those asked answered.</exception>
    public Task<ContainerList> RunAsync(EngineDirectory engines, ContainerRequest request, CancellationToken cancellationToken, bool evenIfAllFail = false) =>
        ContainerTelemetry.ObserveAsync(request.Sections, () => SweepAsync(engines, request, evenIfAllFail, cancellationToken));

    private async Task<ContainerList> SweepAsync(EngineDirectory engines, ContainerRequest request, bool evenIfAllFail, CancellationToken cancellationToken)
    {
        var asked = request.Engines.Count == 0 ? engines.All : [.. request.Engines.Distinct().Select(engines.Get)];
        var lists = await Task.WhenAll(asked.Select(engine => ListAsync(engine, request, cancellationToken)));
        if (!evenIfAllFail && lists.All(l => l.Failure is not null))
        {
            // Who asked is told, and the request's line in the log says it.
            throw OneFailure(lists);
        }

        TellWhoIsMissing(lists);
        var matching = lists.SelectMany(l => l.Rows).ToList();
        var sort = request.Sort;
        var cutFirst = sort.Field.Section == ContainerSections.None;
        var (page, next) = cutFirst
            ? ContainerPaging.Cut(matching, r => r.ContainerCollection, sort, request.After, request.Limit)
            : (matching, null);
        var complete = await CompleteAsync(page, request.Sections | sort.Field.Section, lists, cancellationToken);
        var pictures = complete.Where(r => r is not null).Select(r => r!).ToList();
        if (!cutFirst)
        {
            (var cut, next) = ContainerPaging.Cut(pictures, p => p, sort, request.After, request.Limit);
            pictures = [.. cut.Select(p => OnlyWanted(p, request.Sections))];
        }

        return new ContainerList
        {
            Items = pictures,
            Engines = [.. lists.Select(Report)],
            Total = matching.Count - complete.Count(r => r is null),
            NextCursor = next,
        };
    }

    /// <summary>Reads one container; null where it does not exist.</summary>
    /// <param name="id">The full id.</param>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<Container?> ReadOneAsync(IEngine engine, string id, ContainerSections sections, CancellationToken cancellationToken)
    {
        // By the list, so that the row is the same as in GET /containers.
        var listed = await engine.ListContainersAsync(ById([id]), cancellationToken);
        var container = listed.FirstOrDefault(c => c.Id == id);
        if (container is null)
        {
            return null;
        }

        var row = new Row(engine, container, ContainerProjection.Row(engine.Name, container));
        return (await CompleteAsync([row], sections, [new EngineList(engine, [row], [container], null)], cancellationToken))[0];
    }

    private static async Task<EngineList> ListAsync(IEngine engine, ContainerRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var containers = await engine.ListContainersAsync(request.ToFilter(), cancellationToken);
            return new EngineList(
                engine,
                [.. containers.Select(c => new Row(engine, c, ContainerProjection.Row(engine.Name, c))).Where(r => request.Matches(r.ContainerCollection))],
                containers,
                null);
        }
        catch (EngineException e)
        {
            return new EngineList(engine, [], [], e);
        }
    }

    /// <summary>An engine that fails is told once, not at every sweep, and once more when it is back.</summary>
    private void TellWhoIsMissing(EngineList[] lists)
    {
        foreach (var (engine, _, _, failure) in lists)
        {
            if (failure is null && _missing.TryRemove(engine.Name, out _))
            {
                Log.EngineBack(logger, engine.Name);
            }
            else if (failure is not null && _missing.TryAdd(engine.Name, true))
            {
                Log.EngineMissing(logger, engine.Name, failure.Kind, failure.Message);
            }
        }
    }

    /// <returns>One picture for each row, in their order; null for a container that vanished.</returns>
    private async Task<IReadOnlyList<Container?>> CompleteAsync(
        IReadOnlyList<Row> rows, ContainerSections sections, IReadOnlyList<EngineList> lists, CancellationToken cancellationToken)
    {
        if (sections == ContainerSections.None)
        {
            return [.. rows.Select(r => r.ContainerCollection)];
        }

        rates.Sweep();
        var byEngine = rows.GroupBy(r => r.Engine).ToList();
        var completed = await Task.WhenAll(byEngine.Select(async rowsOfEngine =>
        {
            var engine = rowsOfEngine.Key;
            var listed = lists.First(l => l.Engine == engine).Listed;
            var running = rowsOfEngine.Select(r => r.Container).Where(c => c.HasProcesses).ToList();
            var peers = sections.HasFlag(ContainerSections.Network)
                ? PeersOfAsync(engine, running, listed, cancellationToken)
                : Task.FromResult<Func<string, ContainerFacts?>>(_ => null);
            var readings = await reader.ReadAsync(engine, running, sections, cancellationToken);
            return ContainerAssembler.Engine(engine.Name, [.. rowsOfEngine.Select(r => r.Container)], readings, await peers, sections, rates);
        }));
        var sectionsOf = byEngine.Zip(completed).ToDictionary(g => g.First.Key, g => g.Second);
        return [.. rows.Select(r => sectionsOf[r.Engine](r.Container, r.ContainerCollection))];
    }

    /// <summary>
    /// Finds the containers whose networks the running ones share (<c>container:ID</c>): a filter or the page may have left
    /// them out of the list. Those are looked up by id, once per link of a chain.
    /// </summary>
    private static async Task<Func<string, ContainerFacts?>> PeersOfAsync(
        IEngine engine, List<ContainerFacts> running, IReadOnlyList<ContainerFacts> listed, CancellationToken cancellationToken)
    {
        var unresolved = running.Where(c => NetworkMembership.PeerOf(c) is not null).ToList();
        if (unresolved.Count == 0)
        {
            return _ => null;
        }

        var known = listed.ToDictionary(c => c.Id);
        for (var n = 0; n < NetworkMembership.MaxChain; n++)
        {
            var missing = unresolved.Select(c => NetworkMembership.MissingPeer(c, known.GetValueOrDefault)).OfType<string>().Distinct().ToList();
            if (missing.Count == 0)
            {
                break;
            }

            try
            {
                var count = known.Count;
                foreach (var peer in await engine.ListContainersAsync(ById(missing), cancellationToken))
                {
                    known.TryAdd(peer.Id, peer);
                }

                if (known.Count == count)
                {
                    break;
                }
            }
            catch (EngineException)
            {
                // The list succeeded a moment ago. Without this lookup the owner is unknown.
                break;
            }
        }

        return known.GetValueOrDefault;
    }

    private static ContainerFilter ById(IReadOnlyList<string> ids) =>
        new(All: true, new Dictionary<string, IReadOnlyList<string>> { ["id"] = ids });

    private static Container OnlyWanted(Container picture, ContainerSections sections) => picture with
    {
        Processes = sections.HasFlag(ContainerSections.Processes) ? picture.Processes : null,
        Network = sections.HasFlag(ContainerSections.Network) ? picture.Network : null,
        Usage = sections.HasFlag(ContainerSections.Usage) ? picture.Usage : null,
    };

    private static EngineReport Report(EngineList list) => new(
        list.Engine.Name,
        list.Failure is null ? EngineStates.Ok : EngineStates.Of(list.Failure),
        list.Engine.ApiVersion,
        list.Failure is null ? list.Rows.Count : null,
        list.Failure?.Message);

    /// <summary>All failed alike: that failure. Not alike: unavailable, with what each one said.</summary>
    private static EngineException OneFailure(EngineList[] lists)
    {
        var failures = lists.Select(l => l.Failure!).ToList();
        return failures.Count == 1
            ? failures[0]
            : new EngineException(
                failures.All(f => f.Kind == failures[0].Kind) ? failures[0].Kind : EngineErrorKind.Unavailable,
                string.Join(", ", failures.Select(f => f.Engine)),
                "No engine answered. " + string.Join(" ", failures.Select(f => $"{f.Engine}: {f.Message}")),
                failures[0]);
    }

    private sealed record Row(IEngine Engine, ContainerFacts Container, Container ContainerCollection);

    private sealed record EngineList(IEngine Engine, IReadOnlyList<Row> Rows, IReadOnlyList<ContainerFacts> Listed, EngineException? Failure);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Engine {Engine} is missing from the picture: {Kind}: {Reason}")]
        public static partial void EngineMissing(ILogger logger, string engine, EngineErrorKind kind, string reason);

        [LoggerMessage(2, LogLevel.Information, "Engine {Engine} is back in the picture")]
        public static partial void EngineBack(ILogger logger, string engine);
    }
}
