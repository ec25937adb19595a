using System.Collections.Concurrent;
using ContainerApi.Access;
using ContainerApi.Containers.Formatting;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>
/// Collects containers: (1) every engine lists, in parallel; (2) rows are filtered and, where the order needs no section, cut
/// to the page, so that no section is read in vain; (3) sections are read; (4) the assembler completes the rows. An engine that
/// fails is an entry of the result. A container that was removed meanwhile is left out.
/// </summary>
internal sealed partial class ContainerCollector(SectionReader reader, RateHistory rates, ILogger<ContainerCollector> logger)
{
    /// <summary>Engines whose last list failed: an outage is logged once.</summary>
    private readonly ConcurrentDictionary<string, bool> _failing = new();

    /// <param name="engines">The engines that the caller may see.</param>
    /// <param name="evenIfAllFail">Returns a result without rows where every engine fails, instead of throwing.</param>
    /// <param name="redact">Redacts the facts before they are filtered and sorted; null for a caller who sees secrets.</param>
    /// <exception cref="EngineException">No such engine, or no engine answered.</exception>
    public Task<ContainerCollection> RunAsync(
        EngineDirectory engines, ContainerRequest request, CancellationToken cancellationToken, bool evenIfAllFail = false,
        Func<ContainerFacts, ContainerFacts>? redact = null) =>
        ContainerTelemetry.ObserveAsync(request.Sections, () => CollectAsync(engines, request, evenIfAllFail, redact, cancellationToken));

    /// <summary>Reads one container; null where it does not exist.</summary>
    /// <param name="id">The full id.</param>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<ContainerRow?> ReadOneAsync(IEngine engine, string id, ContainerSections sections, CancellationToken cancellationToken)
    {
        // By the list, so that the row is the same as in GET /containers.
        var listed = await engine.ListContainersAsync(ById([id]), cancellationToken);
        if (listed.FirstOrDefault(c => c.Id == id) is not { } container)
        {
            return null;
        }

        var row = new ContainerRow(engine.Name, container);
        return sections == ContainerSections.None
            ? row
            : (await AssemblerAsync(engine, [row], [container], sections, cancellationToken)).Complete(row);
    }

    private async Task<ContainerCollection> CollectAsync(
        EngineDirectory engines, ContainerRequest request, bool evenIfAllFail, Func<ContainerFacts, ContainerFacts>? redact,
        CancellationToken cancellationToken)
    {
        var asked = engines.ForRead(request.Selection.Engine);
        var lists = await Task.WhenAll(asked.Select(engine => ListAsync(engine, request.Selection, redact, cancellationToken)));
        if (!evenIfAllFail && lists.Length > 0 && lists.All(l => l.Failure is not null))
        {
            // The caller gets the failure, and the log line of the request contains it.
            throw EngineException.OfAll([.. lists.Select(l => l.Failure!)]);
        }

        LogOutages(lists);
        var rows = lists.SelectMany(l => l.Rows);
        var total = lists.Sum(l => l.Rows.Count);
        var sort = request.Sort;
        if (((ContainerColumn)sort.Field).Section == ContainerSections.None)
        {
            var (page, next) = sort.Cut(rows, request.After, request.Limit);
            var complete = await CompleteAsync(page, request.Sections, lists, cancellationToken);
            return new(complete, [.. lists.Select(Report)], total - page.Count + complete.Count, next);
        }
        else
        {
            var complete = await CompleteAsync([.. rows], request.ReadSections, lists, cancellationToken);
            var (page, next) = sort.Cut(complete, request.After, request.Limit);
            return new([.. page.Select(r => r.Only(request.Sections))], [.. lists.Select(Report)], complete.Count, next);
        }
    }

    private async Task<EngineList> ListAsync(
        IEngine engine, ContainerSelection selection, Func<ContainerFacts, ContainerFacts>? redact, CancellationToken cancellationToken)
    {
        try
        {
            // The engine would compare labels with values that are redacted here.
            var filter = (redact is null ? selection : selection with { Label = [] }).ToFilter();
            var containers = await engine.ListContainersAsync(filter, cancellationToken);
            if (filter.Filters is not { Count: > 0 } && engine is not ScopedEngine)
            {
                rates.ForgetOthers(engine.Name, containers.Select(c => c.Id));
            }

            var shown = redact is null ? containers : containers.Select(redact);
            return new EngineList(engine, [.. shown.Where(selection.Matches).Select(c => new ContainerRow(engine.Name, c))], containers, null);
        }
        catch (EngineException e)
        {
            return new EngineList(engine, [], [], e);
        }
    }

    private void LogOutages(EngineList[] lists)
    {
        foreach (var (engine, _, _, failure) in lists)
        {
            if (failure is null && _failing.TryRemove(engine.Name, out _))
            {
                Log.EngineReachable(logger, engine.Name);
            }
            else if (failure is not null && _failing.TryAdd(engine.Name, true))
            {
                Log.EngineFailed(logger, engine.Name, failure.Code, failure.Message);
            }
        }
    }

    /// <returns>The rows with their sections, in their order, without containers that were removed meanwhile.</returns>
    private async Task<IReadOnlyList<ContainerRow>> CompleteAsync(
        IReadOnlyList<ContainerRow> rows, ContainerSections sections, EngineList[] lists, CancellationToken cancellationToken)
    {
        if (sections == ContainerSections.None)
        {
            return rows;
        }

        var byEngine = rows.GroupBy(r => r.Engine).ToList();
        var assemblers = await Task.WhenAll(byEngine.Select(group =>
        {
            var list = lists.First(l => l.Engine.Name == group.Key);
            return AssemblerAsync(list.Engine, [.. group], list.Listed, sections, cancellationToken);
        }));
        var assemblerOf = byEngine.Zip(assemblers).ToDictionary(g => g.First.Key, g => g.Second);
        return [.. rows.Select(r => assemblerOf[r.Engine].Complete(r)).OfType<ContainerRow>()];
    }

    private async Task<ContainerAssembler> AssemblerAsync(
        IEngine engine, IReadOnlyList<ContainerRow> rows, IReadOnlyList<ContainerFacts> listed, ContainerSections sections,
        CancellationToken cancellationToken)
    {
        var running = rows.Select(r => r.Facts).Where(c => c.HasProcesses).ToList();
        var peers = sections.HasFlag(ContainerSections.Network)
            ? PeersOfAsync(engine, running, listed, cancellationToken)
            : Task.FromResult<Func<string, ContainerFacts?>>(_ => null);
        var inspections = reader.InspectAsync(engine, rows, sections, cancellationToken);
        var readings = await reader.ReadAsync(engine, running, sections, cancellationToken);
        var assembler = new ContainerAssembler(readings, await inspections, await peers, sections);
        assembler.Record(rows, rates, await reader.ReadStartsAsync(engine, assembler.WithoutAge(rows, rates), cancellationToken));
        return assembler;
    }

    /// <summary>
    /// Finds the containers whose networks the running ones share (<c>container:ID</c>): a filter or the page may have left
    /// them out of the list. Those are looked up by id, once per link of a chain.
    /// </summary>
    private static async Task<Func<string, ContainerFacts?>> PeersOfAsync(
        IEngine engine, IReadOnlyList<ContainerFacts> running, IReadOnlyList<ContainerFacts> listed, CancellationToken cancellationToken)
    {
        var unresolved = running.Where(c => SharedNetwork.PeerOf(c) is not null).ToList();
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

    private static ContainerFilter ById(IReadOnlyList<string> ids) => new(All: true, new Dictionary<string, IReadOnlyList<string>> { ["id"] = ids });

    private static EngineReport Report(EngineList list) => new(
        list.Engine.Name,
        list.Failure is null ? EngineStates.Ok : EngineStates.Of(list.Failure),
        list.Engine.Capabilities?.ApiVersion,
        list.Failure is null ? list.Rows.Count : null,
        list.Failure is { } failure ? ErrorInfo.Of(failure) : null);

    private sealed record EngineList(
        IEngine Engine, IReadOnlyList<ContainerRow> Rows, IReadOnlyList<ContainerFacts> Listed, EngineException? Failure);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Listing the containers of engine {Engine} failed: {Kind}: {Reason}")]
        public static partial void EngineFailed(ILogger logger, string engine, ErrorCode kind, string reason);

        [LoggerMessage(2, LogLevel.Information, "Engine {Engine} lists its containers again")]
        public static partial void EngineReachable(ILogger logger, string engine);
    }
}
