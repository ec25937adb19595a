using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Idempotency;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>Creates, starts, stops, restarts, pauses, kills, renames and removes containers.</summary>
internal static class LifecycleEndpoints
{
    public static void MapLifecycle(this RouteGroupBuilder group)
    {
        var containers = group.MapGroup("").CanFailWith(ErrorCode.EngineRequired);
        containers.MapPost("", CreateAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout().WithIdempotency()
            .WithName("createContainer").WithSummary("Create a container")
            .WithDescription("Creates a container and, with `start`, starts it. A missing image is pulled first unless `pull` is `never`. "
                + "A container that cannot be started is removed again. Credentials for the pull are in `registryAuth` or in the header "
                + $"`{ApiHeaders.RegistryAuth}` of Docker's clients.")
            .ProducesEngineProblems(
                ErrorCode.InvalidReference, ErrorCode.Forbidden, ErrorCode.ImageNotFound, ErrorCode.ContainerNotFound, ErrorCode.NotFound,
                ErrorCode.NameInUse, ErrorCode.PortInUse, ErrorCode.Conflict, ErrorCode.RegistryUnauthorized, ErrorCode.RegistryUnavailable);

        containers.MapPost("/{container}/start", StartAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout()
            .WithName("startContainer").WithSummary("Start a container")
            .WithDescription("A running container stays as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.PortInUse, ErrorCode.Conflict);

        containers.MapPost("/{container}/stop", StopAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout()
            .WithName("stopContainer").WithSummary("Stop a container")
            .WithDescription("Signals the first process to stop and kills it after `timeout` seconds. A stopped container stays as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.Conflict);

        containers.MapPost("/{container}/restart", RestartAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout()
            .WithName("restartContainer").WithSummary("Restart a container")
            .WithDescription("Stops the container as `stop` does and starts it. A container that is not running is started.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.PortInUse, ErrorCode.Conflict);

        containers.MapPost("/{container}/pause", PauseAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout()
            .WithName("pauseContainer").WithSummary("Pause a container")
            .WithDescription("Freezes all processes of a running container. A paused container stays as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.ContainerNotRunning, ErrorCode.Conflict);

        containers.MapPost("/{container}/unpause", UnpauseAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout()
            .WithName("unpauseContainer").WithSummary("Continue a paused container")
            .WithDescription("A running container that is not paused stays as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.ContainerNotRunning, ErrorCode.Conflict);

        containers.MapPost("/{container}/kill", KillAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout()
            .WithName("killContainer").WithSummary("Send a signal to a container")
            .WithDescription("Sends the signal to the first process. Does not wait for its end.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.ContainerNotRunning, ErrorCode.Conflict);

        containers.MapPost("/{container}/rename", RenameAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout()
            .WithName("renameContainer").WithSummary("Rename a container")
            .WithDescription("A container that has the name stays as it is.")
            .ProducesEngineProblems(ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.NameInUse, ErrorCode.Conflict);

        containers.MapDelete("/{container}", RemoveAsync).RequireScope(Scopes.ContainersWrite).WithLongTimeout()
            .WithName("deleteContainer").WithSummary("Remove a container")
            .WithDescription("A running container is a 409 unless `force` is true. A container that another caller removes meanwhile is a 204.")
            .ProducesEngineProblems(
                ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.NotFound, ErrorCode.ContainerRunning, ErrorCode.Conflict);
    }

    private static async Task<Created<ContainerCreated>> CreateAsync(
        RequestBody<CreateContainerRequest> body, ContainerCreation creation, EngineDirectory engines, HttpContext http,
        CancellationToken cancellationToken)
    {
        var request = body.Value;
        http.SetTarget($"a container of image {request.Image}");
        var created = await creation.CreateAsync(request, cancellationToken);
        http.SetTarget($"container {new ShortId(created.Id)} ({created.Name}) of image {request.Image}");
        return await http.CreatedAsync(engines.AddressOf($"/containers/{created.Id}", created.Engine), created);
    }

    private static Task<NoContent> StartAsync(RequestQuery<ContainerWrite> query, ContainerResolver resolver, HttpContext http) =>
        CallAsync(query.Value, resolver, http, (engine, id, token) => engine.StartContainerAsync(id, token));

    private static Task<NoContent> StopAsync(RequestQuery<StopQuery> query, ContainerResolver resolver, HttpContext http) =>
        CallAsync(query.Value.Selector, resolver, http, (engine, id, token) => engine.StopContainerAsync(id, query.Value.Timeout, token));

    private static Task<NoContent> RestartAsync(RequestQuery<StopQuery> query, ContainerResolver resolver, HttpContext http) =>
        CallAsync(query.Value.Selector, resolver, http, (engine, id, token) => engine.RestartContainerAsync(id, query.Value.Timeout, token));

    private static Task<NoContent> PauseAsync(RequestQuery<ContainerWrite> query, ContainerResolver resolver, HttpContext http) =>
        CallAsync(query.Value, resolver, http, (engine, id, token) => engine.PauseContainerAsync(id, token));

    private static Task<NoContent> UnpauseAsync(RequestQuery<ContainerWrite> query, ContainerResolver resolver, HttpContext http) =>
        CallAsync(query.Value, resolver, http, (engine, id, token) => engine.UnpauseContainerAsync(id, token));

    private static Task<NoContent> KillAsync(RequestQuery<KillQuery> query, ContainerResolver resolver, HttpContext http) =>
        CallAsync(query.Value.Selector, resolver, http, (engine, id, token) => engine.KillContainerAsync(id, query.Value.Signal, token));

    private static Task<NoContent> RenameAsync(RequestQuery<RenameQuery> query, ContainerResolver resolver, HttpContext http) =>
        CallAsync(query.Value.Selector, resolver, http, (engine, id, token) => engine.RenameContainerAsync(id, query.Value.Name, token));

    private static Task<NoContent> RemoveAsync(RequestQuery<RemoveContainerQuery> query, ContainerResolver resolver, HttpContext http) =>
        CallAsync(query.Value.Selector, resolver, http, async (engine, id, token) =>
        {
            try
            {
                await engine.RemoveContainerAsync(id, query.Value.Force, query.Value.Volumes, token);
            }
            catch (EngineException e) when (e.Code == ErrorCode.ContainerNotFound)
            {
                // Another caller removed the container after the lookup.
            }
        });

    /// <summary>Finds the container, names it in the audit log and calls its engine.</summary>
    private static async Task<NoContent> CallAsync(
        ContainerWrite selector, ContainerResolver resolver, HttpContext http, Func<IEngine, string, CancellationToken, Task> call)
    {
        var (engine, container) = await resolver.FindForWriteAsync(selector.Container, selector.Engine, http.RequestAborted);
        http.SetTarget($"container {new ShortId(container.Id)} ({container.Name}) on {engine.Name}");
        await call(engine, container.Id, http.RequestAborted);
        return TypedResults.NoContent();
    }
}
