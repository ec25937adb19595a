using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Builds;

/// <summary>Builds as things: list, look at, follow, stop and forget.</summary>
internal static class BuildHistoryEndpoints
{
    public static void MapBuildRecords(this WebApplication app)
    {
        var builds = app.MapGroup("/builds").WithTags("Builds");

        builds.MapGet("", List).RequireScope(Scopes.BuildsRead).ValidateQuery<BuildsQuery>()
            .WithName("listBuilds").WithSummary("List builds, the latest first")
            .WithDescription("Those that wait or work, and of the past as many as the configuration keeps.");

        builds.MapGet("/{build}", Inspect).RequireScope(Scopes.BuildsRead).ValidateQuery<BuildQuery>()
            .WithName("inspectBuild").WithSummary("Inspect a build")
            .CanFailWith(ErrorCode.BuildNotFound);

        builds.MapGet("/{build}/events", Follow).RequireScope(Scopes.BuildsRead).WithStreamLimits().ValidateQuery<BuildEventsQuery>()
            .WithName("followBuild").WithSummary("A build's events: those that there are, then those that come")
            .WithDescription(
                """
                The same lines that `POST /images/build` streams, from event `from` on, until the `result`; a `heartbeat` after
                15 seconds of silence. Any number of clients may follow a build, each at its own pace; to leave changes nothing
                for the build. A client that was cut off goes on with `from` one more than the last `seq` that it saw.
                """)
            .Produces<BuildEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.Text)
            .CanFailWith(ErrorCode.BuildNotFound);

        builds.MapDelete("/{build}", Delete).RequireScope(Scopes.BuildsWrite).ValidateQuery<BuildQuery>()
            .WithName("deleteBuild").WithSummary("Stop a build, or forget one that ended")
            .WithDescription(
                """
                A build that waits or works is stopped: the answer is 202, its stream ends with a `result` of code `cancelled`,
                and its record stays. The record of one that ended is removed: the answer is 204, and nothing happens to the image.
                """)
            .CanFailWith(ErrorCode.BuildNotFound);
    }

    private static Ok<BuildList> List([AsParameters] BuildsQuery query, BuildRegistry registry, Caller caller) =>
        TypedResults.Ok(registry.List(b => Exists(b, caller) && query.Matches(b), query.Cursor, query.ToLimit()));

    private static Ok<Build> Inspect([AsParameters] BuildQuery query, BuildRegistry registry, Caller caller) =>
        TypedResults.Ok(registry.Get(query.Build!, b => Exists(b, caller)).Describe());

    private static IResult Follow([AsParameters] BuildEventsQuery query, HttpRequest request, BuildRegistry registry, BuildResponses replies, Caller caller)
    {
        var run = registry.Get(query.Build!, b => Exists(b, caller));
        return replies.RespondToFollower(run, query.ToFrom(run.Log.Count), BuildEventFormats.IsText(query.Format, request));
    }

    private static Results<Accepted<Build>, NoContent> Delete([AsParameters] BuildQuery query, BuildRegistry registry, Caller caller)
    {
        var run = registry.Get(query.Build!, b => Exists(b, caller));
        if (run.IsEnded)
        {
            registry.Remove(run);
            return TypedResults.NoContent();
        }

        run.Stop(StopCause.Cancelled);
        return TypedResults.Accepted($"/builds/{run.Id}", run.Describe());
    }

    /// <summary>Who is bound to engines sees their builds, and who is bound to labels, which builds have not, sees its own.</summary>
    private static bool Exists(Build build, Caller caller) =>
        (caller.Engines.Count == 0 || caller.Engines.Contains(build.Engine))
        && (caller.Labels.Count == 0 || (caller.Name is not null && build.StartedBy == caller.Name));
}
