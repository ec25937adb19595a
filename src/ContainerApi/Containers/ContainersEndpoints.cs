using ContainerApi.Containers.Watch;
using ContainerApi.Http;
using ContainerApi.Http.OpenApi;
using ContainerApi.Security;

namespace ContainerApi.Containers;

internal static class ContainersEndpoints
{
    public static void AddContainers(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(PictureMetricsOptions.From(builder.Configuration));
        services.AddScoped<ContainerLocator>();
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
        app.MapGet("/metrics/containers", async (PictureBook book, PictureMetricsOptions options, HttpContext http) =>
                new RenderingResult(await book.MetricsAsync(options, http.RequestAborted)))
            .Needs(Scopes.MetricsRead)
            .WithTags("Metrics")
            .WithName("containerMetrics")
            .WithSummary("Show the containers to Prometheus")
            .WithDescription("State, processes, CPU, memory, block and network counters of every container, in Prometheus's text format. `/metrics` has the service's own figures.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    private static void AddPicture(this IServiceCollection services)
    {
        services.AddSingleton(new SweepLimits());
        services.AddSingleton<SectionReader>();
        services.AddSingleton<RateMemory>();
        services.AddSingleton<PictureSweep>();
        services.AddSingleton<PictureCache<Picture>>();
        services.AddSingleton<PictureMask>();
        services.AddScoped<PictureBook>();
    }

    private static void MapPicture(this RouteGroupBuilder containers)
    {
        containers.MapGet("/", async ([AsParameters] ContainersQuery query, PictureBook book, HttpContext http) =>
                new RenderingResult(await book.ListAsync(query, http.Request, http.RequestAborted)))
            .Needs(Scopes.ContainersRead)
            .ValidateQuery<ContainersQuery>()
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
            .AsksAnEngine(ProblemCode.NotAcceptable);

        containers.MapGet("/{container}", async ([AsParameters] ContainerQuery query, PictureBook book, HttpContext http) =>
                new RenderingResult(await book.OneAsync(query, http.Request, http.RequestAborted)))
            .Needs(Scopes.ContainersRead)
            .ValidateQuery<ContainerQuery>()
            .WithName("getContainer")
            .WithSummary("Show one container with its processes, traffic and usage")
            .WithDescription("The same as its row in the list. The beginning of an id that several containers share is a 409 that names them.")
            .Produces<ContainerPicture>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Ndjson, "text/plain", "text/csv")
            .Produces(StatusCodes.Status304NotModified)
            .AsksAnEngine(ProblemCode.ContainerNotFound, ProblemCode.NotAcceptable, ProblemCode.Conflict);

        containers.MapGet("/{container}/processes", async ([AsParameters] ContainerSectionQuery query, PictureBook book, HttpContext http) =>
                new RenderingResult(await book.ProcessesAsync(query, http.Request, http.RequestAborted)))
            .Needs(Scopes.ContainersRead)
            .ValidateQuery<ContainerSectionQuery>()
            .WithName("getContainerProcesses")
            .WithSummary("Show a container's processes")
            .WithDescription("The section `processes` alone. Where it cannot be had, the answer is a problem: 409 for a container that does not run.")
            .Produces<ProcessesSection>()
            .Produces(StatusCodes.Status304NotModified)
            .AsksAnEngine(SectionProblems);

        containers.MapGet("/{container}/stats", async ([AsParameters] ContainerSectionQuery query, PictureBook book, HttpContext http) =>
                new RenderingResult(await book.StatisticsAsync(query, http.Request, http.RequestAborted)))
            .Needs(Scopes.ContainersRead)
            .ValidateQuery<ContainerSectionQuery>()
            .WithName("getContainerStatistics")
            .WithSummary("Show what a container sends, receives and uses")
            .WithDescription("The sections `network` and `usage` alone. Where they cannot be had, the answer is a problem: 409 for a container that does not run.")
            .Produces<ContainerStatistics>()
            .Produces(StatusCodes.Status304NotModified)
            .AsksAnEngine(SectionProblems);
    }

    private static readonly ProblemCode[] SectionProblems =
    [
        ProblemCode.ContainerNotFound, ProblemCode.Conflict, ProblemCode.ContainerNotRunning, ProblemCode.FeatureUnsupported,
    ];
}
