using ContainerApi.Access;
using ContainerApi.Api.OpenApi;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Engines;

internal static class EngineEndpoints
{
    public static void MapEngines(this WebApplication app)
    {
        var engines = app.MapGroup("/engines").WithTags("Engines");
        engines.MapGet("/", ListAsync)
            .RequireScope(Scopes.EnginesRead)
            .WithName("listEngines")
            .WithSummary("List the engines")
            .WithDescription("Every configured engine with its versions, its host, its counts, and what it cannot do. An engine that cannot be reached is an item with its `state` and `error`.");
        engines.MapGet("/{name}", GetAsync)
            .RequireScope(Scopes.EnginesRead)
            .WithName("getEngine")
            .WithSummary("Show one engine")
            .CanFailWith(ErrorCode.EngineNotFound);
    }

    private static async Task<Ok<EngineList>> ListAsync(EngineDirectory directory, CancellationToken cancellationToken) =>
        TypedResults.Ok(new EngineList(await Task.WhenAll(directory.All.Select(e => DescribeAsync(e, cancellationToken)))));

    /// <param name="name">The name that the configuration gives the engine.</param>
    private static async Task<Ok<EngineStatus>> GetAsync(string name, EngineDirectory directory, CancellationToken cancellationToken) =>
        TypedResults.Ok(await DescribeAsync(directory.Get(new EngineName(name)), cancellationToken));

    /// <summary>An engine that fails is data: it is listed with what is wrong.</summary>
    private static async Task<EngineStatus> DescribeAsync(IEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            return Project(engine, await engine.DescribeAsync(cancellationToken));
        }
        catch (EngineException e)
        {
            return new EngineStatus { Name = engine.Name, Endpoint = engine.Endpoint, State = EngineStates.Of(e), Error = e.Message };
        }
    }

    private static EngineStatus Project(IEngine engine, EngineInfo info) => new()
    {
        Name = engine.Name,
        Endpoint = engine.Endpoint,
        State = EngineStates.Ok,
        ApiVersion = info.ApiVersion,
        MinApiVersion = info.MinApiVersion,
        Version = info.Version,
        OperatingSystem = info.OperatingSystem,
        OsType = info.OsType,
        Architecture = info.Architecture,
        KernelVersion = info.KernelVersion,
        StorageDriver = info.StorageDriver,
        CgroupVersion = info.CgroupVersion,
        Cpus = info.Cpus,
        MemoryBytes = info.MemoryBytes,
        Containers = info is { Containers: { } total, ContainersRunning: { } running, ContainersPaused: { } paused, ContainersStopped: { } stopped }
            ? new ContainerCounts(total, running, paused, stopped)
            : null,
        Images = info.Images,
        RegistryMirrors = info.RegistryMirrors,
        Limits = [.. EngineCapabilities.Of(info).Limits.Select(l => new EngineLimit(l.Feature, l.Reason))],
    };
}
