using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Builds;

/// <summary>Builds as resources: list, inspect, follow, stop and delete.</summary>
internal static class BuildHistoryEndpoints
{
    public static void MapBuildHistory(this WebApplication app)
    {
        var builds = app.MapGroup("/builds").WithTags("Builds");

        builds.MapGet("", List).RequireScope(Scopes.BuildsRead).ValidateQuery<BuildsQuery>()
            .WithName("listBuilds").WithSummary("List builds, the latest first")
            .WithDescription("Returns queued and running builds, and as many ended builds as the configuration keeps.");

        builds.MapGet("/{build}", Inspect).RequireScope(Scopes.BuildsRead).ValidateQuery<BuildQuery>()
            .WithName("inspectBuild").WithSummary("Inspect a build")
            .CanFailWith(ErrorCode.BuildNotFound);

        builds.MapGet("/{build}/events", Follow).RequireScope(Scopes.BuildsRead).WithStreamLimits().ValidateQuery<BuildEventsQuery>()
            .WithName("followBuild").WithSummary("Follow the events of a build")
            .WithDescription(
                """
                Streams the same lines as `POST /images/build`, from event `from` to the `result`, with a `heartbeat` after 15 seconds
                of silence. Any number of clients may follow a build at their own pace; disconnecting does not affect the build.
                A disconnected client continues with `from` set to its last `seq` plus one.
                """)
            .Produces<BuildEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.Text)
            .CanFailWith(ErrorCode.BuildNotFound);

        builds.MapDelete("/{build}", Delete).RequireScope(Scopes.BuildsWrite).ValidateQuery<BuildQuery>()
            .WithName("deleteBuild").WithSummary("Stop a build, or delete an ended one")
            .WithDescription(
                """
                Stops a queued or running build: the response is 202, its stream ends with a `result` with code `cancelled`, and the
                build stays in the list. Deletes an ended build from the list: the response is 204, and the image stays.
                """)
            .CanFailWith(ErrorCode.BuildNotFound);
    }

    private static Ok<BuildList> List([AsParameters] BuildsQuery query, BuildRegistry registry, Caller caller) =>
        TypedResults.Ok(registry.List(b => Exists(b, caller) && query.Matches(b), query.Cursor, query.ToLimit()));

    private static Ok<Build> Inspect([AsParameters] BuildQuery query, BuildRegistry registry, Caller caller) =>
        TypedResults.Ok(registry.Get(query.Build!, b => Exists(b, caller)).Describe());

    private static IResult Follow([AsParameters] BuildEventsQuery query, HttpRequest request, BuildRegistry registry, BuildResponses responses,
        Caller caller)
    {
        var job = registry.Get(query.Build!, b => Exists(b, caller));
        return responses.RespondToFollower(job, query.ToFrom(job.Log.Count), BuildEventFormats.IsText(query.Format, request));
    }

    private static Results<Accepted<Build>, NoContent> Delete([AsParameters] BuildQuery query, BuildRegistry registry, Caller caller)
    {
        var job = registry.Get(query.Build!, b => Exists(b, caller));
        if (job.IsEnded)
        {
            registry.Remove(job);
            return TypedResults.NoContent();
        }

        job.Stop(StopCause.Cancelled);
        return TypedResults.Accepted($"/builds/{job.Id}", job.Describe());
    }

    private static bool Exists(Build build, Caller caller) =>
        caller.Visibility.IncludesBuild(build.Engine, build.StartedBy);
}
