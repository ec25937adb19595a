using ContainerApi.Access;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Engines;

/// <summary>The parameters of <c>GET /engines</c>.</summary>
internal sealed record EngineListRequest(LocalParameter Local);

/// <summary>The parameters of <c>GET /engines/{engine}</c>.</summary>
internal sealed record EngineSelector(
    [Parameter("The engine's name in the configuration.", In = ParameterPlace.Route)] EngineName Engine,
    LocalParameter Local);

internal static class EngineEndpoints
{
    public static void MapEngines(this IEndpointRouteBuilder app)
    {
        var engines = app.MapGroup("/engines").WithTags("Engines").RequireScope(Scopes.EnginesRead);
        engines.MapGet("/", ListAsync)
            .WithName("listEngines")
            .WithSummary("List the engines")
            .WithDescription("All configured engines with their versions, hosts, counts and limitations. "
                + "An engine that cannot be reached is an item with its `state` and `error`.");
        engines.MapGet("/{engine}", GetAsync)
            .WithName("getEngine")
            .WithSummary("Show one engine")
            .CanFailWith(ErrorCode.EngineNotFound);
    }

    private static async Task<Ok<EngineList>> ListAsync(
        RequestQuery<EngineListRequest> _, EngineDirectory directory, CancellationToken cancellationToken) =>
        TypedResults.Ok(new EngineList(await Task.WhenAll(directory.All.Select(e => DescribeAsync(e, cancellationToken)))));

    private static async Task<Ok<EngineStatus>> GetAsync(
        RequestQuery<EngineSelector> query, EngineDirectory directory, CancellationToken cancellationToken) =>
        TypedResults.Ok(await DescribeAsync(directory.Get(query.Value.Engine), cancellationToken));

    /// <summary>Returns the error of an engine that fails as its status.</summary>
    private static async Task<EngineStatus> DescribeAsync(IEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            return Project(engine, await engine.DescribeAsync(cancellationToken));
        }
        catch (EngineException e)
        {
            return new EngineStatus(engine.Name, engine.Endpoint, EngineStates.Of(e), ErrorInfo.Of(e));
        }
    }

    private static EngineStatus Project(IEngine engine, EngineInfo info) => new(
        engine.Name, engine.Endpoint, EngineStates.Ok, Error: null, info.ApiVersion, info.MinApiVersion, info.Version, info.OperatingSystem,
        info.OsType, info.Architecture, info.KernelVersion, info.StorageDriver, info.CgroupVersion, info.Cpus, info.MemoryBytes,
        info is { Containers: { } total, ContainersRunning: { } running, ContainersPaused: { } paused, ContainersStopped: { } stopped }
            ? new ContainerCounts(total, running, paused, stopped)
            : null,
        info.Images, info.RegistryMirrors, [.. EngineCapabilities.Of(info).Limitations.Select(l => new EngineLimitation(l.Feature, l.Reason))]);
}
