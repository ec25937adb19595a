using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Builds.Contexts;
using ContainerApi.Builds.History;
using ContainerApi.Engine;
using ContainerApi.Settings;

namespace ContainerApi.Builds;

internal static class BuildEndpoints
{
    public static void AddBuilds(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<BuildOptions, BuildOptionsValidator>("Builds");
        builder.Services.AddSingleton<ContextRoots>();
        builder.Services.AddSingleton<RemoteContexts>();
        builder.Services.AddSingleton<BuildRequestReader>();
        builder.Services.AddSingleton<BuildStore>();
        builder.Services.AddSingleton<BuildRegistry>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BuildRegistry>());
        builder.Services.AddSingleton<BuildQueue>();
        builder.Services.AddSingleton<BuildFollower>();
        builder.Services.AddSingleton<BuildResponses>();
        builder.Services.AddSingleton<BuildPipeline>();
        builder.Services.AddHealthChecks().AddCheck<BuildStoreHealth>("builds");
    }

    public static void MapBuilds(this WebApplication app)
    {
        app.MapPost("/images/build", BuildAsync)
            .WithTags("Builds")
            .WithName("buildImage")
            .WithSummary("Build an image")
            .WithDescription(
                $"""
                 The context comes as a tar archive, plain (`{BuildRequestReader.Tar}`) or packed (`{BuildRequestReader.Gzip}`, `{BuildRequestReader.Bzip2}`,
                 `{BuildRequestReader.Xz}`, `{BuildRequestReader.Zstd}`; its first bytes say which it is), as a form
                 (`{BuildRequestReader.Form}`) whose files are entries by their file names, `filename="src/main.c"`, as a Dockerfile alone
                 (`{BuildRequestReader.DockerfileText}`), or as JSON: `path` names a directory under a configured context root, `dockerfile`
                 holds a Dockerfile's text, `remote` is an address that the engine fetches, where the configuration allows it.
                 JSON has the parameters as fields, the others have them in the query; a form may have them as parts before its
                 first file.

                 The answer is one JSON object per line: `started`, then `step`, `log`, `progress`, `warning` and, after 15
                 seconds of silence, `heartbeat`; the last line is `result`. A failed build is a `result` with state
                 `failed` under status 200; what is wrong before the engine begins is a problem. A Dockerfile that is missing, has
                 no `FROM`, an unknown instruction or not the `target` is always one, 400 `invalid_dockerfile`; what else a builder
                 finds in it is one with the classic builder, and with BuildKit, which has begun by then, a `result` of the same
                 code. To leave the stream stops the build. `format=text` (or `Accept: text/plain`) is the same as a log for people; its last line says how it ended.

                 `stream=false` waits: 201 with the build and the image's `Location`, or a problem, 422 `build_failed` where the build
                 itself failed, with `buildId`, `reason`, `step`, `exitCode` and the last lines of the `log`.

                 `detach=true` answers 202 with the build's `Location` and lets it go on alone: as soon as the engine has the context
                 and began, so that what is wrong before is still a problem; or at once where the build must wait and
                 its context is a Dockerfile or a JSON document.

                 An engine works at a limited number of builds, more wait: `queued` tells the place in the queue, and again
                 whenever it changes. The context is not read before a build's turn, and `timeout` counts from there. Turns are
                 shared out among clients. Where too many wait already the answer is 429 with `Retry-After`.
                 """)
            .Accepts<BuildDocument>(MediaTypes.Json, BuildRequestReader.Tar, BuildRequestReader.Gzip, BuildRequestReader.Bzip2, BuildRequestReader.Xz, BuildRequestReader.Zstd, BuildRequestReader.Form, BuildRequestReader.DockerfileText)
            .Produces<BuildEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.Text)
            .Produces<Build>(StatusCodes.Status201Created)
            .Produces<Build>(StatusCodes.Status202Accepted)
            .RequireScope(Scopes.BuildsWrite)
            .WithStreamLimits()
            .AddEndpointFilter(BuildRequestReader.RefuseTwoContextsAsync)
            .ValidateQuery<BuildRequest>()
            .ProducesEngineProblems(
                ErrorCode.InvalidReference, ErrorCode.InvalidDockerfile, ErrorCode.InvalidContext, ErrorCode.ContextPathNotAllowed,
                ErrorCode.RemoteContextNotAllowed, ErrorCode.ContextTooLarge, ErrorCode.UnsupportedMediaType, ErrorCode.BuildFailed,
                ErrorCode.FeatureUnsupported, ErrorCode.TooManyBuilds, ErrorCode.RequestTimeout);
        app.MapBuildRecords();
    }

    private static async Task<IResult> BuildAsync(
        HttpContext http, [AsParameters] BuildRequest query, BuildRequestReader input, EngineDirectory engines, BuildPipeline pipeline, BuildResponses replies, Caller caller)
    {
        var (parameters, context) = await input.ReadAsync(http, query);
        var run = pipeline.Start(engines.Get(parameters.Engine), parameters, context, http.GetClient(), caller.Name);
        http.SetTarget($"build {run.Id}{string.Concat(parameters.Spec.Tags.Select(t => " " + t))} on {run.Describe().Engine}");
        return replies.RespondToStarter(run, parameters.Reply, hasContext: BuildRequestReader.IsReadWhole(http.Request));
    }
}
