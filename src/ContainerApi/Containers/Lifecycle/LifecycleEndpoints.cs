using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>A container's life: create, start, stop, restart, remove.</summary>
internal static class LifecycleEndpoints
{
    public static void AddLifecycle(this IServiceCollection services)
    {
        services.AddScoped<ContainerCreation>();
    }

    public static void MapLifecycle(this RouteGroupBuilder containers)
    {
        containers.MapPost("", CreateAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateBody<CreateContainerRequest>()
            .WithName("createContainer").WithSummary("Create a container")
            .WithDescription("Creates a container and, with `start`, starts it. A missing image is pulled first unless `pull` is `never`. "
                + "Where the container cannot be started, none is left behind.")
            .ProducesEngineProblems(
                ErrorCode.InvalidReference, ErrorCode.Forbidden, ErrorCode.ImageNotFound, ErrorCode.NotFound, ErrorCode.NameInUse, ErrorCode.Conflict);

        containers.MapPost("/{container}/start", StartAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateQuery<StartQuery>()
            .WithName("startContainer").WithSummary("Start a container")
            .WithDescription("One that runs already is left as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.Conflict);

        containers.MapPost("/{container}/stop", StopAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateQuery<StopQuery>()
            .WithName("stopContainer").WithSummary("Stop a container")
            .WithDescription("Asks its first process to end and kills it after `timeout` seconds. One that is stopped already is left as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.Conflict);

        containers.MapPost("/{container}/restart", RestartAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateQuery<StopQuery>()
            .WithName("restartContainer").WithSummary("Restart a container")
            .WithDescription("Stops it as `stop` does, and starts it; one that does not run is started.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.Conflict);

        containers.MapDelete("/{container}", RemoveAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateQuery<RemoveContainerQuery>()
            .WithName("removeContainer").WithSummary("Remove a container")
            .WithDescription("A running one is refused with 409 unless `force` is true. One that another caller removes meanwhile is gone all the same.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.Conflict);
    }

    private static async Task<Created<ContainerCreated>> CreateAsync(
        CreateContainerRequest request, ContainerCreation creation, HttpContext http, CancellationToken cancellationToken)
    {
        http.SetTarget($"a container of image {request.Image}");
        var created = await creation.CreateAsync(request, cancellationToken);
        http.SetTarget($"container {created.Id[..12]} ({created.Name}) of image {request.Image}");
        return TypedResults.Created($"/containers/{created.Id}", created);
    }

    private static async Task<NoContent> StartAsync(
        [AsParameters] StartQuery query, ContainerResolver locator, HttpContext http, CancellationToken cancellationToken)
    {
        var (engine, container) = await FindAsync(locator, http, query.Container!, query.Engine, cancellationToken);
        await engine.StartContainerAsync(container.Id, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> StopAsync(
        [AsParameters] StopQuery query, ContainerResolver locator, HttpContext http, CancellationToken cancellationToken)
    {
        var (engine, container) = await FindAsync(locator, http, query.Container!, query.Engine, cancellationToken);
        await engine.StopContainerAsync(container.Id, query.Grace(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RestartAsync(
        [AsParameters] StopQuery query, ContainerResolver locator, HttpContext http, CancellationToken cancellationToken)
    {
        var (engine, container) = await FindAsync(locator, http, query.Container!, query.Engine, cancellationToken);
        await engine.RestartContainerAsync(container.Id, query.Grace(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RemoveAsync(
        [AsParameters] RemoveContainerQuery query, ContainerResolver locator, HttpContext http, CancellationToken cancellationToken)
    {
        var (engine, container) = await FindAsync(locator, http, query.Container!, query.Engine, cancellationToken);
        try
        {
            await engine.RemoveContainerAsync(container.Id, Rules.ToBoolean(query.Force), Rules.ToBoolean(query.Volumes), cancellationToken);
        }
        catch (EngineException e) when (e.Kind == EngineErrorKind.ContainerNotFound)
        {
            // It was there when it was looked up: another caller was faster, and it is gone as asked.
        }

        return TypedResults.NoContent();
    }

    /// <summary>The container, named in the audit from here on.</summary>
    private static async Task<(IEngine, ContainerDetails)> FindAsync(
        ContainerResolver locator, HttpContext http, string name, string? engineName, CancellationToken cancellationToken)
    {
        var (engine, container) = await locator.FindAsync(name, engineName, cancellationToken);
        http.SetTarget($"container {container.Id[..12]} ({container.Name}) on {engine.Name}");
        return (engine, container);
    }
}
