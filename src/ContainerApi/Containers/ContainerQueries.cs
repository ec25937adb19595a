using System.Text;
using System.Text.Json;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Containers.Formatting;
using ContainerApi.Engine;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Containers;

/// <summary>Answers a caller's queries of the picture: from a sweep shared by all who see and ask the same, in the form each one wants.</summary>
internal sealed class ContainerQueries(
    ContainerResolver locator, EngineDirectory engines, ContainerCollector sweep, SingleFlight<ContainerCollection> cache, ContainerRedactor mask, Caller caller, TimeProvider time)
{
    /// <exception cref="ApiException">No accepted form can be had.</exception>
    /// <exception cref="EngineException">There is no engine of a name, or none of those asked answered.</exception>
    public async Task<RenderedBody> ListAsync(ContainerListRequest query, HttpRequest http, CancellationToken cancellationToken)
    {
        var format = Formats.Choose(query.Format, http);
        var request = query.ToRequest();
        foreach (var engine in request.Engines)
        {
            engines.Get(engine);
        }

        var picture = await cache.GetAsync(
            $"list;{caller.View};{request.Key()}",
            MaxAge(query.MaxAge, http),
            async token => new ContainerCollection(mask.For(caller, await sweep.RunAsync(engines, request, token))),
            cancellationToken);
        return picture.Render($"{format};{query.Fields}", list => ContainerFormatter.List(list, format, FieldsOf(query.Fields), time.GetUtcNow()));
    }

    /// <summary>All containers for Prometheus; an engine that is down is told by its metric.</summary>
    public async Task<RenderedBody> MetricsAsync(MetricsOptions options, CancellationToken cancellationToken)
    {
        var request = new ContainerRequest { All = true };
        var picture = await cache.GetAsync(
            $"metrics;{caller.View};{request.Key()}",
            TimeSpan.Zero,
            async token => new ContainerCollection(mask.For(caller, await sweep.RunAsync(engines, request, token, evenIfAllFail: true))),
            cancellationToken);
        return picture.Render("metrics", list => new RenderedBody(Encoding.UTF8.GetBytes(ContainerMetrics.Write(list, options)), ContainerMetrics.ContentType));
    }

    /// <exception cref="ApiException">No such container, more than one, or no accepted form can be had.</exception>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<RenderedBody> OneAsync(ContainerQuery query, HttpRequest http, CancellationToken cancellationToken)
    {
        var format = Formats.Choose(query.Format, http);
        var sections = ContainerRules.Sections(query.Include, query.Fields);
        var picture = await OneAsync(query.Container!, query.Engine, sections, MaxAge(query.MaxAge, http), cancellationToken);
        return picture.Render(
            $"{format};{query.Fields}",
            list => ContainerFormatter.One(list, format, FieldsOf(query.Fields), time.GetUtcNow()));
    }

    /// <exception cref="ApiException">No such container, more than one, or it does not run.</exception>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<RenderedBody> ProcessesAsync(ContainerSectionQuery query, HttpRequest http, CancellationToken cancellationToken)
    {
        var picture = await OneAsync(query.Container!, query.Engine, ContainerSections.Processes, MaxAge(query.MaxAge, http), cancellationToken);
        var one = picture.List.Items[0];
        Demand(one, one.Processes!);
        return picture.Render("processes", _ => Json(one.Processes!));
    }

    /// <exception cref="ApiException">No such container, more than one, or it does not run.</exception>
    /// <exception cref="EngineException">The engine failed.</exception>
    public async Task<RenderedBody> StatisticsAsync(ContainerSectionQuery query, HttpRequest http, CancellationToken cancellationToken)
    {
        var picture = await OneAsync(
            query.Container!, query.Engine, ContainerSections.Network | ContainerSections.Usage, MaxAge(query.MaxAge, http), cancellationToken);
        var one = picture.List.Items[0];
        // The network section may be one that cannot be had; usage was read by the same call and tells how that went.
        Demand(one, one.Usage!);
        return picture.Render("statistics", _ => Json(new ContainerStatistics(one.Network!, one.Usage!)));
    }

    private Task<ContainerCollection> OneAsync(
        string container, string? engineName, ContainerSections sections, TimeSpan maxAge, CancellationToken cancellationToken) =>
        cache.GetAsync(
            $"one;{caller.View};{engineName};{container};{sections}",
            maxAge,
            async token =>
            {
                var (engine, facts) = await locator.FindAsync(container, engineName, token);
                var picture = await sweep.RunAsync(engine, facts, sections, token)
                    ?? throw new ApiException(ErrorCode.ContainerNotFound, $"There is no container '{container}' any more.");
                return new ContainerCollection(mask.For(caller, new ContainerList { Items = [picture], Engines = [], Total = 1, NextCursor = null }));
            },
            cancellationToken);

    /// <summary>Where a section is all that was asked for, not to have it is a problem.</summary>
    private static void Demand(Container container, ContainerSection section)
    {
        switch (section.State)
        {
            case SectionState.Ok:
                return;
            case SectionState.NotRunning:
                throw new ApiException(ErrorCode.ContainerNotRunning, section.Reason ?? "The container does not run.");
            default:
                var kind = section.State switch
                {
                    SectionState.Timeout => EngineErrorKind.TimedOut,
                    SectionState.Unsupported => EngineErrorKind.Unsupported,
                    _ => EngineErrorKind.Failed,
                };
                throw new EngineException(kind, container.Engine, section.Reason ?? "The engine failed.");
        }
    }

    /// <summary>The parameter, else what <c>Cache-Control</c> says; neither is an answer that is read from now on.</summary>
    private static TimeSpan MaxAge(string? parameter, HttpRequest http)
    {
        if (Rules.ToInteger(parameter) is { } seconds)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        var most = TimeSpan.FromSeconds(ContainerRules.OldestSeconds);
        return CacheControlHeaderValue.TryParse(http.Headers.CacheControl.ToString(), out var control) && !control.NoCache && !control.NoStore
            && control.MaxAge is { } age && age > TimeSpan.Zero
            ? age < most ? age : most
            : TimeSpan.Zero;
    }

    private static IReadOnlyList<string>? FieldsOf(string? fields) => fields is null ? null : ContainerRules.List(fields);

    private static RenderedBody Json<T>(T value) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, WireJson.Options), Formats.ContentTypeOf(Format.Json));
}
