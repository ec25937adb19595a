using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Containers.Lifecycle;
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
        services.AddPicture();
        services.AddWatch();
        services.AddLifecycle();
    }

    public static void MapContainers(this WebApplication app)
    {
        var containers = app.MapGroup("/containers").WithTags("Containers");
        containers.MapPicture();
        containers.MapWatch();
        containers.MapLifecycle();
        app.MapGet("/metrics/containers", async (ContainerQueries book, MetricsOptions options, HttpContext http) =>
                new RenderingResult(await book.MetricsAsync(options, http.RequestAborted)))
            .RequireScope(Scopes.MetricsRead)
            .WithTags("Metrics")
            .WithName("containerMetrics")
            .WithSummary("Show the containers to Prometheus")
            .WithDescription("State, processes, CPU, memory, block and network counters of every container, in Prometheus's text format. `/metrics` has the service's own figures.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain")
            .Produces(StatusCodes.Status304NotModified);
    }

    private static void AddPicture(this IServiceCollection services)
    {
        services.AddSingleton(new CollectionLimits());
        services.AddSingleton<SectionReader>();
        services.AddSingleton<RateHistory>();
        services.AddSingleton<ContainerCollector>();
        services.AddSingleton<SingleFlight<SharedResult<ContainerCollection>>>();
        services.AddSingleton<SingleFlight<SharedResult<ContainerRow>>>();
        services.AddSingleton<ContainerRedactor>();
        services.AddScoped<ContainerQueries>();
    }

    private static void MapPicture(this RouteGroupBuilder containers)
    {
        containers.MapGet("/", async ([AsParameters] ContainerListRequest query, ContainerQueries book, HttpContext http) =>
                new RenderingResult(await book.ListAsync(query, http.Request, http.RequestAborted)))
            .RequireScope(Scopes.ContainersRead)
            .ValidateQuery<ContainerListRequest>()
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

        containers.MapGet("/{container}", async ([AsParameters] ContainerQuery query, ContainerQueries book, HttpContext http) =>
                new RenderingResult(await book.OneAsync(query, http.Request, http.RequestAborted)))
            .RequireScope(Scopes.ContainersRead)
            .ValidateQuery<ContainerQuery>()
            .WithName("getContainer")
            .WithSummary("Show one container with its processes, traffic and usage")
            .WithDescription("The same as its row in the list. The beginning of an id that several containers share is a 409 that names them.")
            .Produces<Container>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Ndjson, "text/plain", "text/csv")
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.NotAcceptable, ErrorCode.Conflict);

        containers.MapGet("/{container}/processes", async ([AsParameters] ContainerSectionQuery query, ContainerQueries book, HttpContext http) =>
                new RenderingResult(await book.ProcessesAsync(query, http.Request, http.RequestAborted)))
            .RequireScope(Scopes.ContainersRead)
            .ValidateQuery<ContainerSectionQuery>()
            .WithName("getContainerProcesses")
            .WithSummary("Show a container's processes")
            .WithDescription("The section `processes` alone. Where it cannot be had, the answer is a problem: 409 for a container that does not run.")
            .Produces<ProcessesSection>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems(SectionProblems);

        containers.MapGet("/{container}/stats", async ([AsParameters] ContainerSectionQuery query, ContainerQueries book, HttpContext http) =>
                new RenderingResult(await book.StatisticsAsync(query, http.Request, http.RequestAborted)))
            .RequireScope(Scopes.ContainersRead)
            .ValidateQuery<ContainerSectionQuery>()
            .WithName("getContainerStatistics")
            .WithSummary("Show what a container sends, receives and uses")
            .WithDescription("The sections `network` and `usage` alone. Where they cannot be had, the answer is a problem: 409 for a container that does not run.")
            .Produces<ContainerStatistics>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems(SectionProblems);
    }

    private static readonly ErrorCode[] SectionProblems =
    [
        ErrorCode.ContainerNotFound, ErrorCode.Conflict, ErrorCode.ContainerNotRunning, ErrorCode.FeatureUnsupported,
    ];
}
