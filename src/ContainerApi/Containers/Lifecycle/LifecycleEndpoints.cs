using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>Creates, starts, stops, restarts and removes containers.</summary>
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
                + "A container that cannot be started is removed again.")
            .ProducesEngineProblems(
                ErrorCode.InvalidReference, ErrorCode.Forbidden, ErrorCode.ImageNotFound, ErrorCode.NotFound, ErrorCode.NameInUse, ErrorCode.Conflict);

        containers.MapPost("/{container}/start", StartAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateQuery<StartQuery>()
            .WithName("startContainer").WithSummary("Start a container")
            .WithDescription("A running container stays as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.Conflict);

        containers.MapPost("/{container}/stop", StopAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateQuery<StopQuery>()
            .WithName("stopContainer").WithSummary("Stop a container")
            .WithDescription("Signals the first process to stop and kills it after `timeout` seconds. A stopped container stays as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.Conflict);

        containers.MapPost("/{container}/restart", RestartAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateQuery<StopQuery>()
            .WithName("restartContainer").WithSummary("Restart a container")
            .WithDescription("Stops the container as `stop` does and starts it. A container that is not running is started.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.Conflict);

        containers.MapDelete("/{container}", RemoveAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().ValidateQuery<RemoveContainerQuery>()
            .WithName("removeContainer").WithSummary("Remove a container")
            .WithDescription("A running container is a 409 unless `force` is true. A container that another caller removes meanwhile is a 204.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.NotFound, ErrorCode.Conflict);
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
        [AsParameters] StartQuery query, ContainerResolver resolver, HttpContext http, CancellationToken cancellationToken)
    {
        var (engine, container) = await FindAsync(resolver, http, query.Container!, query.Engine, cancellationToken);
        await engine.StartContainerAsync(container.Id, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> StopAsync(
        [AsParameters] StopQuery query, ContainerResolver resolver, HttpContext http, CancellationToken cancellationToken)
    {
        var (engine, container) = await FindAsync(resolver, http, query.Container!, query.Engine, cancellationToken);
        await engine.StopContainerAsync(container.Id, query.Grace(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RestartAsync(
        [AsParameters] StopQuery query, ContainerResolver resolver, HttpContext http, CancellationToken cancellationToken)
    {
        var (engine, container) = await FindAsync(resolver, http, query.Container!, query.Engine, cancellationToken);
        await engine.RestartContainerAsync(container.Id, query.Grace(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RemoveAsync(
        [AsParameters] RemoveContainerQuery query, ContainerResolver resolver, HttpContext http, CancellationToken cancellationToken)
    {
        var (engine, container) = await FindAsync(resolver, http, query.Container!, query.Engine, cancellationToken);
        try
        {
            await engine.RemoveContainerAsync(container.Id, Rules.ToBoolean(query.Force), Rules.ToBoolean(query.Volumes), cancellationToken);
        }
        catch (EngineException e) when (e.Code == ErrorCode.ContainerNotFound)
        {
            // Another caller removed the container after the lookup.
        }

        return TypedResults.NoContent();
    }

    /// <summary>Finds the container and names it in the audit log.</summary>
    private static async Task<(IEngine, ContainerDetails)> FindAsync(
        ContainerResolver resolver, HttpContext http, string name, string? engineName, CancellationToken cancellationToken)
    {
        var (engine, container) = await resolver.FindAsync(name, engineName, cancellationToken);
        http.SetTarget($"container {container.Id[..12]} ({container.Name}) on {engine.Name}");
        return (engine, container);
    }
}
