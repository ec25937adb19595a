using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Cluster;
using ContainerApi.Containers.Formatting;
using ContainerApi.Containers.Summaries;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>Answers a caller's container queries. Callers with the same view and the same query share one collection.</summary>
internal sealed class ContainerQueries(
    ContainerResolver resolver,
    EngineDirectory engines,
    ContainerCollector collector,
    PeerLists peers,
    SingleFlight<SharedResult<ContainerCollection>> lists,
    SingleFlight<SharedResult<ContainerRow>> containers,
    SingleFlight<SharedResult<ContainerSummary>> summaries,
    ContainerRedactor redactor,
    ListCursors cursors,
    Caller caller,
    TimeProvider time)
{
    /// <exception cref="ApiException">No accepted format exists.</exception>
    /// <exception cref="EngineException">No such engine, or no engine answered.</exception>
    public async Task<RenderedBody> ListAsync(ContainerListRequest query, HttpRequest http, CancellationToken cancellationToken)
    {
        var format = Formats.Choose(query.Format, http);
        var request = query.ToRequest() with { After = query.Cursor is { } cursor ? cursors.Decode<ContainerRow>(cursor) : null };
        var parts = await peers.BeginAsync(http, query.Selection.Engine, query.Local.Local, cancellationToken);
        var shared = await CollectAsync(request, parts, Freshness.MaxAge(query.MaxAge, http), evenIfAllFail: false, cancellationToken);
        return shared.Render($"{format};{query.Fields}", list => ListFormatter<ContainerRow>.List(
            list.ToPage(), format, query.Fields?.Names, time.GetUtcNow(), () => ContainerProjection.ToList(list)));
    }

    /// <summary>Sums of the containers by group, from the collection that the list with the same filters has.</summary>
    /// <exception cref="ApiException">No accepted format exists.</exception>
    /// <exception cref="EngineException">No such engine, or no engine answered.</exception>
    public async Task<RenderedBody> SummaryAsync(SummaryQuery query, HttpRequest http, CancellationToken cancellationToken)
    {
        var format = Formats.Choose(query.Format, http, SummaryQuery.Formats);
        var parts = await peers.BeginAsync(http, query.Selection.Engine, query.Local.Local, cancellationToken);
        var request = new ContainerRequest(query.Selection, ContainerSections.Default);
        var maxAge = Freshness.MaxAge(query.MaxAge, http);
        var (by, key) = (query.Dimensions, $"summary;{format};{string.Join(',', query.Dimensions)};{query.Sort}");
        if (parts.IsAlone)
        {
            var list = await CollectAsync(request, parts, maxAge, evenIfAllFail: false, cancellationToken);
            return list.Render(
                key, containers => SummaryFormatter.Render(Summarizer.Summarize(containers, by), query.Sort, format, time.GetUtcNow()));
        }

        var shared = await summaries.GetAsync(
            (caller.View, parts.Key, request.Key(), string.Join(',', by)),
            maxAge,
            async token =>
            {
                var own = CollectOwnAsync(request, parts, evenIfAllFail: true, token);
                var others = await parts.ReadAsync<ContainerSummary>(own, token);
                return new(SummaryMerge.Merge(Summarizer.Summarize(await own, by), others));
            },
            cancellationToken);
        return shared.Render(key, summary => SummaryFormatter.Render(summary, query.Sort, format, time.GetUtcNow()));
    }

    /// <summary>All containers for Prometheus. The metric of an unreachable engine reports it.</summary>
    /// <exception cref="EngineException">No such engine.</exception>
    public async Task<RenderedBody> MetricsAsync(MetricsQuery query, MetricsOptions options, HttpRequest http, CancellationToken cancellationToken)
    {
        var parts = await peers.BeginAsync(http, query.Engine, query.Local.Local, cancellationToken);
        var sections = ContainerSections.Default | (options.IncludeDetails ? ContainerSections.Details : ContainerSections.None);
        var request = new ContainerRequest(ContainerSelection.Everything with { Engine = parts.Own }, sections);
        var collecting = parts.AsksOwn
            ? CollectAsync(request, new ListParts(parts.Own), TimeSpan.Zero, evenIfAllFail: true, cancellationToken)
            : Task.FromResult(new SharedResult<ContainerCollection>(ContainerCollection.Empty));
        var others = await parts.ReadAsync<string>(collecting, cancellationToken);
        var shared = await collecting;
        return parts.IsAlone
            ? shared.Render("metrics", list => BodyOf(ContainerMetrics.Write(list, options)))
            : BodyOf(ContainerMetrics.Merge(
            [
                ContainerMetrics.Write(
                    shared.Value with { Engines = [.. shared.Value.Engines, .. others.Missing.Select(ContainerMerge.ReportOf)] }, options),
                .. others.Lists,
            ]));

        static RenderedBody BodyOf(string text) => new(Encoding.UTF8.GetBytes(text), ContainerMetrics.ContentType);
    }

    /// <exception cref="ApiException">No such container, an ambiguous reference, or no accepted format exists.</exception>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<RenderedBody> OneAsync(ContainerQuery query, HttpRequest http, CancellationToken cancellationToken)
    {
        var format = Formats.Choose(query.Format, http);
        var sections = IncludedSections.Needed(query.Include, query.Fields, ContainerSections.Default | ContainerSections.Details);
        var shared = await OneAsync(query.Selector, sections, Freshness.MaxAge(query.MaxAge, http), cancellationToken);
        return shared.Render(
            $"{format};{query.Fields}",
            container => ListFormatter<ContainerRow>.One(container, format, query.Fields?.Names, time.GetUtcNow()));
    }

    /// <exception cref="ApiException">No such container, an ambiguous reference, or the container is not running.</exception>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<RenderedBody> ProcessesAsync(ContainerProcessesQuery query, HttpRequest http, CancellationToken cancellationToken)
    {
        var format = Formats.Choose(query.Format, http);
        var sort = query.Sort ?? (format == Format.Table ? ProcessColumns.ByCpu : ProcessColumns.ByPid);
        var shared = await OneAsync(query.Selector, ContainerSections.Processes, Freshness.MaxAge(query.MaxAge, http), cancellationToken);
        RequireOk(shared.Value, shared.Value.Processes!);
        return shared.Render($"processes;{format};{sort}", c =>
        {
            var rows = sort.Cut(c.Processes!.Items!.Select(p => new ProcessRow(c.Engine, p)), after: null, limit: null).Page;
            return ListFormatter<ProcessRow>.List(
                new ListPage<ProcessRow>(rows, null, rows.Count, null, true), format, fields: null, time.GetUtcNow(),
                () => ContainerProjection.ToProcesses(c, [.. rows.Select(r => r.Process)]));
        });
    }

    /// <exception cref="ApiException">No such container, an ambiguous reference, or the container is not running.</exception>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<RenderedBody> StatisticsAsync(ContainerSectionQuery query, HttpRequest http, CancellationToken cancellationToken)
    {
        var shared = await OneAsync(
            query.Selector, ContainerSections.Network | ContainerSections.Usage, Freshness.MaxAge(query.MaxAge, http), cancellationToken);
        // The network section may be unsupported. The same engine call read the usage section, so its state decides.
        RequireOk(shared.Value, shared.Value.Usage!);
        return shared.Render("statistics", c => RenderedBody.Json(new ContainerStatistics(c.Engine, c.Id, c.Network!, c.Usage!)));
    }

    private Task<SharedResult<ContainerCollection>> CollectAsync(
        ContainerRequest request, ListParts parts, TimeSpan maxAge, bool evenIfAllFail, CancellationToken cancellationToken) => lists.GetAsync(
        (caller.View, parts.Key, request.Key(), evenIfAllFail),
        maxAge,
        async token =>
        {
            var own = CollectOwnAsync(request, parts, evenIfAllFail, token);
            var collection = parts.IsAlone
                ? await own
                : ContainerMerge.Merge(
                    request, await parts.ReadAsync<ContainerList>(own, token, ContainerMerge.Parameters(request)), await own);
            return new(collection with { NextCursor = collection.NextPage is { } next ? cursors.Encode<ContainerRow>(next) : null });
        },
        cancellationToken);

    /// <summary>The part of this replica. Rows to merge have the section that they are ordered by.</summary>
    private async Task<ContainerCollection> CollectOwnAsync(
        ContainerRequest request, ListParts parts, bool evenIfAllFail, CancellationToken cancellationToken)
    {
        if (!parts.AsksOwn)
        {
            return ContainerCollection.Empty;
        }

        var own = request with
        {
            Selection = request.Selection with { Engine = parts.Own },
            Sections = parts.IsAlone ? request.Sections : request.ReadSections,
        };
        return redactor.For(
            caller, await collector.RunAsync(engines, own, cancellationToken, evenIfAllFail || !parts.IsAlone, redactor.OfFacts(caller)));
    }

    private async Task<SharedResult<ContainerRow>> OneAsync(
        ContainerSelector selector, ContainerSections sections, TimeSpan maxAge, CancellationToken cancellationToken)
    {
        var (engine, found) = await resolver.FindAsync(selector.Container, selector.Engine, cancellationToken);
        return await containers.GetAsync(
            (caller.View, engine.Name, found.Id, sections),
            maxAge,
            async token => await collector.ReadOneAsync(engine, found.Id, sections, token) is { } container
                ? new(redactor.For(caller)(container))
                : throw new ApiException(ErrorCode.ContainerNotFound, $"There is no container '{new ShortId(found.Id)}' any more."),
            cancellationToken);
    }

    /// <summary>Throws where the section that the request asks for could not be read.</summary>
    private static void RequireOk(ContainerRow container, ContainerSection section)
    {
        if (section.State == SectionState.Ok)
        {
            return;
        }

        var reason = section.Reason ?? "The engine failed.";
        throw section.State switch
        {
            SectionState.NotRunning => new EngineException(ErrorCode.ContainerNotRunning, container.Engine, reason),
            SectionState.Timeout => new EngineException(ErrorCode.EngineTimeout, container.Engine, reason),
            SectionState.Unsupported => new EngineException(ErrorCode.FeatureUnsupported, container.Engine, reason),
            _ => new EngineException(ErrorCode.EngineError, container.Engine, reason),
        };
    }
}
