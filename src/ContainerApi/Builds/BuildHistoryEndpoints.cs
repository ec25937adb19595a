using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Lists;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Cluster;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Builds;

/// <summary>Builds as resources: list, inspect, follow, cancel and delete.</summary>
internal static class BuildHistoryEndpoints
{
    public static void MapBuildHistory(this IEndpointRouteBuilder app)
    {
        var builds = app.MapGroup("/builds").WithTags("Builds");

        builds.MapGet("", ListAsync).RequireScope(Scopes.BuildsRead)
            .WithMetadata(MergedList.Metadata)
            .WithName("listBuilds").WithSummary("List builds, the latest first")
            .WithDescription("Returns queued and running builds, and as many ended builds as the configuration keeps.")
            .Produces<BuildList>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Ndjson, MediaTypes.Text, MediaTypes.Csv)
            .Produces(StatusCodes.Status304NotModified)
            .CanFailWith(ErrorCode.EngineNotFound, ErrorCode.NotAcceptable);

        builds.MapGet("/{build}", Inspect).RequireScope(Scopes.BuildsRead)
            .WithMetadata(Owner)
            .WithName("getBuild").WithSummary("Inspect a build")
            .CanFailWith(ErrorCode.BuildNotFound, ErrorCode.EngineNotFound);

        builds.MapGet("/{build}/events", Follow).RequireScope(Scopes.BuildsRead).WithStreamLimits()
            .WithMetadata(Owner)
            .WithName("getBuildEvents").WithSummary("Follow the events of a build")
            .WithDescription(
                """
                Streams the same lines as `POST /builds`, from the first to the `result`, with a `heartbeat` after 15 seconds of silence.
                Any number of clients may follow a build at their own pace; disconnecting does not affect the build. A disconnected client
                continues with its last `seq` in `after` or in the header `Last-Event-ID`. Server-Sent Events after the `result` are 204,
                which stops a browser.
                """)
            .Produces<BuildEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.EventStream, MediaTypes.Text)
            .Produces(StatusCodes.Status204NoContent)
            .CanFailWith(ErrorCode.BuildNotFound, ErrorCode.EngineNotFound, ErrorCode.NotAcceptable);

        builds.MapPost("/{build}/cancel", Cancel).RequireScope(Scopes.BuildsWrite)
            .WithMetadata(Owner)
            .WithName("cancelBuild").WithSummary("Cancel a build")
            .WithDescription(
                """
                Stops a queued or running build: the response is 202, its stream ends with a `result`, and the build stays in the list. An
                ended build stays as it is: the response is 200 with it.
                """)
            .CanFailWith(ErrorCode.BuildNotFound, ErrorCode.EngineNotFound);

        builds.MapDelete("/{build}", DeleteAsync).RequireScope(Scopes.BuildsWrite)
            .WithMetadata(Owner)
            .WithName("deleteBuild").WithSummary("Delete an ended build")
            .WithDescription(
                """
                Deletes an ended build and its events; the image stays. A queued or running build is 409 `build_running`; with `force=true` it
                is cancelled first. A build that was deleted before is 404.
                """)
            .CanFailWith(ErrorCode.BuildNotFound, ErrorCode.EngineNotFound, ErrorCode.BuildRunning);
    }

    /// <summary>Finds the owner of a build. Ids are unique, so a build of this replica is on no other one.</summary>
    private static readonly OwnerLookup Owner = new(
        (http, _) => Task.FromResult<IReadOnlyList<OwnedThing>>(
            http.RequestServices.GetRequiredService<BuildRegistry>().Find(
                RequestReader.RouteText(http, "build") ?? "", b => Exists(b, http.RequestServices.GetRequiredService<Caller>())) is { } job
                ? [new OwnedThing(job.Describe().Engine, job.Id)]
                : []),
        http => BuildId.TryParse(RequestReader.RouteText(http, "build") ?? "", out var id) ? $"/builds/{id.Value}?local=true" : null)
    {
        IsUnique = true,
    };

    private static async Task<RenderedBody> ListAsync(
        RequestQuery<BuildListRequest> query, BuildRegistry registry, PeerLists peers, ListCursors cursors, Caller caller, TimeProvider time,
        HttpContext http)
    {
        var request = query.Value;
        var format = Formats.Choose(request.Format, http.Request);
        var all = registry.List(b => Exists(b, caller));
        // An engine that the configuration does not have any more keeps its builds.
        List<EngineName> elsewhere = [.. request.Engine.Where(name => all.All(b => b.Engine != name.Value))];
        var parts = request.Engine.Count > 0 && elsewhere.Count == 0
            ? new ListParts([])
            : await peers.BeginAsync(http.Request, elsewhere, request.Local.Local, http.RequestAborted);
        var others = await parts.ReadAsync<BuildList>(Task.CompletedTask, http.RequestAborted);
        List<Build> found = [.. all.Where(request.Matches)];
        var (rows, next) = cursors.Cut(
            found.Concat(others.Lists.SelectMany(l => l.Items)), request.Sort, request.Cursor, request.Limit, others.HasMore());
        var page = new ListPage<Build>(rows, null, found.Count + others.Total(), next, others.AreComplete());
        return ListFormatter<Build>.List(
            page, format, request.Fields?.Names, time.GetUtcNow(), () => new BuildList(rows, page.Total, page.NextCursor, page.IsComplete));
    }

    private static Ok<Build> Inspect(RequestQuery<GetBuildQuery> query, BuildRegistry registry, EngineDirectory engines, Caller caller) =>
        TypedResults.Ok(Find(query.Value.Path, registry, engines, caller).Describe());

    private static IResult Follow(
        RequestQuery<BuildEventsRequest> query, HttpRequest http, BuildRegistry registry, EngineDirectory engines, BuildResponses responses,
        Caller caller)
    {
        var request = query.Value;
        var job = Find(request.Path, registry, engines, caller);
        var form = new BuildResponseForm(BuildMode.Stream, Formats.ChooseStream(request.Format, http, hasText: true), request.Colour);
        return responses.RespondToFollower(job, request.First(job.Log.Count), form);
    }

    private static Results<Accepted<Build>, Ok<Build>> Cancel(
        RequestQuery<BuildQuery> query, BuildRegistry registry, EngineDirectory engines, ConfiguredEngines configured, Caller caller)
    {
        var job = Find(query.Value, registry, engines, caller);
        job.Stop(StopCause.Cancelled);
        var build = job.Describe();
        return build.IsEnded
            ? TypedResults.Ok(build)
            : TypedResults.Accepted(configured.Directory.AddressOf($"/builds/{build.Id}", build.Engine), build);
    }

    private static async Task<NoContent> DeleteAsync(
        RequestQuery<DeleteBuildQuery> query, BuildRegistry registry, EngineDirectory engines, Caller caller, CancellationToken cancellationToken)
    {
        var (path, force) = query.Value;
        var job = Find(path, registry, engines, caller);
        if (force)
        {
            job.Stop(StopCause.Cancelled);
            await job.Work.WaitAsync(cancellationToken);
        }

        if (job.Describe() is { IsEnded: false, State: var state })
        {
            throw new ApiException(
                ErrorCode.BuildRunning,
                $"Build '{job.Id}' is {(state == BuildState.Queued ? "queued" : "running")}. Cancel it first, or delete it with force=true.");
        }

        registry.Remove(job);
        return TypedResults.NoContent();
    }

    /// <exception cref="ApiException">There is no such build.</exception>
    /// <exception cref="EngineException">There is no such engine, nor a build of it.</exception>
    private static BuildJob Find(BuildQuery path, BuildRegistry registry, EngineDirectory engines, Caller caller)
    {
        var found = registry.Find(path.Build.Value, b => path.Matches(b) && Exists(b, caller));
        if (found is null && path.Engine is { } engine)
        {
            engines.Get(engine);
        }

        return found ?? throw new ApiException(ErrorCode.BuildNotFound, $"There is no build '{path.Build.Value}'.");
    }

    private static bool Exists(Build build, Caller caller) =>
        caller.Visibility.IncludesBuild(build.Engine, build.StartedBy);
}
