using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Cluster;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Engines;

/// <summary>The parameters of <c>GET /engines</c>.</summary>
internal sealed record EngineListRequest(
    [Parameter("The engine's name. Default: all engines.", CommaSeparated = true)]
    IReadOnlyList<EngineName> Engine,
    [Parameter("States of engines.", CommaSeparated = true,
        Allowed = [EngineStates.Ok, EngineStates.Unavailable, EngineStates.Timeout, EngineStates.Error])]
    IReadOnlyList<string> State,
    [Parameter("The engine's name, which is its id.", CommaSeparated = true)]
    IReadOnlyList<string> Id,
    [Parameter("Only these fields, separated by commas.", Example = "name,state,version")]
    ListFields<EngineStatus>? Fields,
    [Parameter("The field to order by, prefixed with `-` for descending order. Unknown values come last.", Default = "name", Example = "-images")]
    ListSort<EngineStatus> Sort,
    [Parameter("The maximum number of engines on a page. Default: all.", Min = 1, Max = 10_000)]
    int? Limit,
    [Parameter("The `nextCursor` of the previous page.")]
    ListCursor? Cursor,
    [Parameter("The format of the response. Default: by `Accept`.")]
    Format? Format,
    LocalParameter Local);

internal sealed class EngineListRequestValidator : AbstractValidator<EngineListRequest>
{
    public EngineListRequestValidator(ListCursors cursors) => RuleFor(q => q.Cursor).MatchesSort(cursors, q => q.Sort);
}

/// <summary>The parameters of <c>GET /engines/{engine}</c>.</summary>
internal sealed record EngineSelector(
    [Parameter("The engine's name in the configuration.", In = ParameterPlace.Route)] EngineName Engine,
    LocalParameter Local);

internal static class EngineEndpoints
{
    public static void AddEngineQueries(this IServiceCollection services)
    {
        services.AddSingleton<SingleFlight<SharedResult<EngineDisk>>>();
        services.AddScoped<EngineDiskQueries>();
    }

    public static void MapEngines(this IEndpointRouteBuilder app)
    {
        var engines = app.MapGroup("/engines").WithTags("Engines").RequireScope(Scopes.EnginesRead);
        engines.MapGet("/", ListAsync)
            .WithMetadata(MergedList.Metadata)
            .WithName("listEngines")
            .WithSummary("List the engines")
            .WithDescription("All configured engines with their versions, hosts, counts and limitations. "
                + "An engine that cannot be reached is an item with its `state` and `error`.")
            .Produces<EngineList>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Ndjson, MediaTypes.Text, MediaTypes.Csv)
            .Produces(StatusCodes.Status304NotModified)
            .CanFailWith(ErrorCode.EngineNotFound, ErrorCode.NotAcceptable);
        engines.MapGet("/{engine}", GetAsync)
            .WithName("getEngine")
            .WithSummary("Show one engine")
            .CanFailWith(ErrorCode.EngineNotFound);
        engines.MapGet("/{engine}/disk", (RequestQuery<EngineDiskRequest> query, EngineDiskQueries disk, HttpContext http) =>
                disk.ReadAsync(query.Value, http.Request, http.RequestAborted))
            .WithLongTimeout()
            .WithName("getEngineDisk")
            .WithSummary("Show the disk usage of an engine")
            .WithDescription("What `docker system df` shows: images, containers, volumes and the build cache, with what is in use. The engine walks "
                + "its files, which may take minutes: one calculation runs at a time, and callers share it. `maxAge` allows an older answer.")
            .Produces<EngineDisk>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Text, MediaTypes.Csv)
            .Produces(StatusCodes.Status304NotModified)
            .ProducesEngineProblems(ErrorCode.NotAcceptable);
    }

    private static async Task<RenderedBody> ListAsync(
        RequestQuery<EngineListRequest> query, EngineDirectory directory, PeerLists peers, ListCursors cursors, TimeProvider time, HttpContext http)
    {
        var request = query.Value;
        var format = Formats.Choose(request.Format, http.Request);
        var parts = await peers.BeginAsync(http.Request, request.Engine, request.Local.Local, http.RequestAborted);
        var asked = parts.AsksOwn ? directory.ForRead(parts.Own) : [];
        var describing = Task.WhenAll(asked.Where(e => request.Id.Count == 0 || request.Id.Contains(e.Name))
            .Select(e => DescribeAsync(e, http.RequestAborted)));
        var others = await parts.ReadAsync<EngineList>(describing, http.RequestAborted);
        List<EngineStatus> own =
        [
            .. await describing,
            .. others.Missing.Where(m => request.Id.Count == 0 || request.Id.Contains(m.Name))
                .Select(m => new EngineStatus(m.Name, $"https://{m.Address}", m.State, m.Error)
                {
                    Since = m.Since, Role = m.Node?.Role, Availability = m.Node?.Availability,
                }),
        ];
        var found = own.FindAll(e => request.State.Count == 0 || request.State.Contains(e.State));
        var (rows, next) = cursors.Cut(
            found.Concat(others.Lists.SelectMany(l => l.Items)), request.Sort, request.Cursor, request.Limit, others.HasMore());
        var page = new ListPage<EngineStatus>(
            rows, null, found.Count + others.Total(), next, own.TrueForAll(e => e.Error is null) && others.AreComplete());
        return ListFormatter<EngineStatus>.List(
            page, format, request.Fields?.Names, time.GetUtcNow(), () => new EngineList(rows, page.Total, page.NextCursor, page.IsComplete));
    }

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
        info.Images, info.RegistryMirrors,
        [.. (engine.Capabilities ?? EngineCapabilities.Of(info)).LimitationsOf(info).Select(l => new EngineLimitation(l.Feature, l.Reason))]);
}
