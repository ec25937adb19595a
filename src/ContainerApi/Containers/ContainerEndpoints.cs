using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Cluster;
using ContainerApi.Containers.Lifecycle;
using ContainerApi.Containers.Logs;
using ContainerApi.Containers.Summaries;
using ContainerApi.Containers.Watch;
using ContainerApi.Settings;

namespace ContainerApi.Containers;

internal static class ContainerEndpoints
{
    public static void AddContainers(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSettings<MetricsOptions, MetricsOptionsValidator>("Metrics");
        services.AddScoped<ContainerResolver>();
        services.AddSingleton(new CollectionLimits());
        services.AddSingleton<SectionReader>();
        services.AddSingleton<RateHistory>();
        services.AddSingleton<ContainerCollector>();
        services.AddSingleton<SingleFlight<SharedResult<ContainerCollection>>>();
        services.AddSingleton<SingleFlight<SharedResult<ContainerRow>>>();
        services.AddSingleton<SingleFlight<SharedResult<ContainerSummary>>>();
        services.AddSingleton<ContainerRedactor>();
        services.AddScoped<ContainerQueries>();
        services.AddSingleton<WatchHub>();
        services.AddSingleton<WatchMerges>();
        services.AddScoped<ContainerCreation>();
        services.AddScoped<LogQueries>();
    }

    public static void MapContainers(this IEndpointRouteBuilder app)
    {
        var containers = app.MapGroup("/containers").WithTags("Containers");
        containers.MapQueries();
        containers.MapWatch();
        containers.MapLifecycle();
        app.MapGet("/summary", (RequestQuery<SummaryQuery> query, ContainerQueries queries, HttpContext http) =>
                queries.SummaryAsync(query.Value, http.Request, http.RequestAborted))
            .RequireScope(Scopes.ContainersRead)
            .WithTags("Containers")
            .WithMetadata(MergedList.Metadata)
            .WithName("getSummary")
            .WithSummary("Sum up containers by project, service, engine or image")
            .WithDescription("""
                Counts by state and sums of CPU, memory, processes, block I/O and traffic, from the same collection as the list with these filters.
                Each network namespace counts once, for the container that owns it. Containers without a project or service are a group with the
                key null. `missing` says how many running containers the sums lack a value of; after the start of the service the first
                response has no rates. A summary is one document and no list: it has no pages, no `fields` and no NDJSON.
                """)
            .Produces<ContainerSummary>(StatusCodes.Status200OK, MediaTypes.Json, "text/plain", "text/csv")
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems(ErrorCode.NotAcceptable);
        app.MapLogs();
        app.MapGet("/metrics/containers", (
                RequestQuery<MetricsQuery> query, ContainerQueries queries, MetricsOptions options, HttpContext http) =>
                queries.MetricsAsync(query.Value, options, http.Request, http.RequestAborted))
            .RequireScope(Scopes.MetricsRead)
            .WithMetadata(MergedList.Metadata)
            .WithTags("Metrics")
            .WithName("getContainerMetrics")
            .WithSummary("Export container metrics for Prometheus")
            .WithDescription(
                "State, processes, CPU, memory, block and network counters of every container, in Prometheus's text format. "
                + "`/metrics` has the service's own metrics.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain")
            .Produces(StatusCodes.Status304NotModified)
            .CanFailWith(ErrorCode.EngineNotFound);
    }

    private static void MapQueries(this RouteGroupBuilder containers)
    {
        containers.MapGet("/", (RequestQuery<ContainerListRequest> query, ContainerQueries queries, HttpContext http) =>
                queries.ListAsync(query.Value, http.Request, http.RequestAborted))
            .RequireScope(Scopes.ContainersRead)
            .WithMetadata(MergedList.Metadata)
            .WithName("listContainers")
            .WithSummary("List containers with their processes, traffic and usage")
            .WithDescription("""
                One call instead of `docker ps`, `inspect`, `top` and `stats`. An answer is never older than the request, unless
                `maxAge` or `Cache-Control: max-age` allows it. A section that could not be read says why in its `state` and
                `reason`; an engine that is down is an entry of `engines`. What is not included is not read. In NDJSON the last
                line is `{"type":"result",…}`; pages of every form have a `Link` to the next.
                """)
            .Produces<ContainerList>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Ndjson, "text/plain", "text/csv")
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems(ErrorCode.NotAcceptable);

        containers.MapGet("/{container}", (RequestQuery<ContainerQuery> query, ContainerQueries queries, HttpContext http) =>
                queries.OneAsync(query.Value, http.Request, http.RequestAborted))
            .RequireScope(Scopes.ContainersRead)
            .WithMetadata(Owner)
            .WithName("getContainer")
            .WithSummary("Show one container with its processes, traffic and usage")
            .WithDescription("The row of the list, and `details`, as in `docker inspect`. An ambiguous id prefix is a 409 with the candidates.")
            .Produces<Container>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Ndjson, "text/plain", "text/csv")
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.NotAcceptable, ErrorCode.AmbiguousReference);

        containers.MapGet("/{container}/processes", (RequestQuery<ContainerProcessesQuery> query, ContainerQueries queries, HttpContext http) =>
                queries.ProcessesAsync(query.Value, http.Request, http.RequestAborted))
            .RequireScope(Scopes.ContainersRead)
            .WithMetadata(Owner)
            .WithName("getContainerProcesses")
            .WithSummary("Show a container's processes")
            .WithDescription("""
                The section `processes`, as a table with the columns and order of `top`. A section that cannot be read is a problem: 409 for a
                container that is not running. CPU usage needs two samples: the first response has none.
                """)
            .Produces<ContainerProcesses>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Ndjson, "text/plain", "text/csv")
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems([.. SectionProblems, ErrorCode.NotAcceptable]);

        containers.MapGet("/{container}/stats", (RequestQuery<ContainerSectionQuery> query, ContainerQueries queries, HttpContext http) =>
                queries.StatisticsAsync(query.Value, http.Request, http.RequestAborted))
            .RequireScope(Scopes.ContainersRead)
            .WithMetadata(Owner)
            .WithName("getContainerStatistics")
            .WithSummary("Show a container's network traffic and resource usage")
            .WithDescription("The sections `network` and `usage`. A section that cannot be read is a problem: 409 if the container is not running.")
            .Produces<ContainerStatistics>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems(SectionProblems);
    }

    /// <summary>Finds the owner of a read of one container.</summary>
    internal static readonly OwnerLookup Owner = new(
        (http, token) => ReferenceIn(http) is { } reference
            ? http.RequestServices.GetRequiredService<ContainerResolver>().FindAllAsync(reference, token)
            : Task.FromResult<IReadOnlyList<OwnedThing>>([]),
        http => ReferenceIn(http) is { } reference ? $"/containers/{reference}?local=true&include=none&fields=engine,id,name&format=json" : null);

    private static ContainerReference? ReferenceIn(HttpContext http) =>
        ContainerReference.TryParse(RequestReader.RouteText(http, "container") ?? "", out var reference) ? reference : null;

    private static readonly ErrorCode[] SectionProblems =
    [
        ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.ContainerNotRunning, ErrorCode.FeatureUnsupported,
    ];
}
