using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Idempotency;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Builds.Contexts;
using ContainerApi.Builds.History;
using ContainerApi.Cluster;
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
        builder.Services.AddSingleton<IAnswerStore>(services => services.GetRequiredService<BuildStore>());
        builder.Services.AddSingleton<IdempotencyKeys>();
        builder.Services.AddSingleton<BuildRegistry>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BuildRegistry>());
        builder.Services.AddSingleton<BuildQueue>();
        builder.Services.AddSingleton<BuildsOn>(services => services.GetRequiredService<BuildQueue>().CountOf);
        builder.Services.AddSingleton<BuildResponses>();
        builder.Services.AddSingleton<BuildPipeline>();
        builder.Services.AddHealthChecks().AddCheck<BuildStoreHealth>("builds");
    }

    public static void MapBuilds(this IEndpointRouteBuilder app)
    {
        app.MapBuild("/builds")
            .WithName("createBuild")
            .WithSummary("Build an image")
            .WithDescription(
                $"""
                 The context is a tar archive, plain or compressed with gzip, bzip2, xz or zstd (the first bytes decide), a form
                 (`{BuildRequestReader.Form}`) whose files become entries by file name, `filename="src/main.c"`, a Dockerfile
                 (`{BuildRequestReader.DockerfileText}`), or JSON: `path` is a directory under a configured context root, `dockerfile`
                 is the text of a Dockerfile, `remote` is a URL that the engine fetches, if the configuration allows it.
                 JSON has the parameters as fields, the other formats have them in the query. A form may have them as parts before
                 its first file.

                 The response is one JSON object per line: `started`, then `step`, `log`, `progress`, `warning` and, after 15
                 seconds of silence, `heartbeat`; the last line is `result` with the build's final state. A failed build has the
                 status 200; an error before the engine starts is a problem. A Dockerfile that is missing, has
                 no `FROM`, has an unknown instruction or lacks the `target` is always 400 `invalid_dockerfile`. Other errors in it
                 are that problem with the classic builder, and a `result` with that code with BuildKit, which has started by then.
                 A context that is sent to the engine for longer than a second has `progress` with its bytes: at once at
                 `GET /builds/ID/events` and in the response to JSON, which then has the status 200; in the response to an upload, whose
                 errors stay problems, after the upload. Closing the stream stops the build. `format=text` (or `Accept: text/plain`)
                 returns a text log; its last line is the outcome. `format=sse` (or `Accept: text/event-stream`) returns Server-Sent Events.

                 `mode=wait` waits for the end: 201 with the build and the image's `Location`, or a problem: 422 `build_failed`
                 when the build itself failed, with `buildId`, `reason`, `step`, `exitCode`, `warnings` and the last lines of the
                 `log`.

                 `mode=detach` returns 202 with the build's `Location`, and the build continues without its client: as soon as the
                 engine has read the context and started, so that earlier errors are still problems, or at once when the build is
                 queued and its context is a Dockerfile or a JSON document.

                 An engine runs a limited number of builds; further builds are queued. `queued` reports the position whenever it
                 changes. The context of a queued build is not read, and `timeout` starts when the build leaves the queue. Clients
                 take turns. When the queue is full the response is 429 with `Retry-After`. A context that arrives too slowly while other
                 builds wait ends its build with `request_timeout`.
                 """);
        app.MapBuild("/images/build")
            .WithName("buildImage")
            .WithSummary("Build an image (alias of POST /builds)")
            .WithDescription("The path that Docker's users look for. It is an alias of `POST /builds`, which documents the request and the response.")
            .WithMetadata(new AliasOf("createBuild"));
        app.MapBuildHistory();
    }

    private static RouteHandlerBuilder MapBuild(this IEndpointRouteBuilder app, string path) =>
        app.MapPost(path, BuildAsync)
            .WithTags("Builds")
            .WithMetadata(new RequestMetadata(RequestDefinition.Of(typeof(BuildRequest)), IsBody: false))
            .WithMetadata(new RequestMetadata(RequestDefinition.Of(typeof(BuildRequest)), IsBody: true))
            .WithMetadata(BuildRequestReader.ContentTypes)
            .WithMetadata(AnyEngine.Metadata)
            .Produces<BuildEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.EventStream, MediaTypes.Text, MediaTypes.Tar)
            .Produces<Build>(StatusCodes.Status201Created)
            .Produces<Build>(StatusCodes.Status202Accepted)
            .RequireScope(Scopes.BuildsWrite)
            .WithStreamLimits()
            .WithIdempotency(new BuildIdempotency("/builds"))
            .ProducesEngineProblems(
                ErrorCode.InvalidRequest, ErrorCode.EngineRequired, ErrorCode.InvalidReference, ErrorCode.InvalidDockerfile, ErrorCode.InvalidContext,
                ErrorCode.ContextPathNotAllowed, ErrorCode.RemoteContextNotAllowed, ErrorCode.ContextTooLarge, ErrorCode.UnsupportedMediaType,
                ErrorCode.BuildFailed, ErrorCode.NotFound, ErrorCode.ContainerNotFound, ErrorCode.Conflict, ErrorCode.FeatureUnsupported,
                ErrorCode.TooManyBuilds, ErrorCode.RequestTimeout, ErrorCode.InsufficientStorage,
                ErrorCode.RegistryUnauthorized, ErrorCode.RegistryUnavailable, ErrorCode.NotAcceptable);

    private static async Task<IResult> BuildAsync(
        HttpContext http, BuildRequestReader reader, EngineDirectory engines, BuildQueue queue, BuildPipeline pipeline, BuildResponses responses,
        Caller caller)
    {
        var isReadWhole = BuildRequestReader.IsReadWhole(http.Request);
        var upload = isReadWhole ? null : reader.Meter(http.Request);
        var (request, context) = await reader.ReadAsync(http);
        if (request.ForBuilder.Output != RequestedOutput.Image && http.Request.Headers.ContainsKey(ApiHeaders.IdempotencyKey))
        {
            throw BuildFormReader.Refused(ApiHeaders.IdempotencyKey, "must not be given with this output: the file is sent once.");
        }

        var form = request.ToForm(http.Request);
        var names = http.Features.Get<FieldNames>();
        var job = pipeline.Start(queue.Choose(engines, request.Engine), request, context, upload, http.GetClient(), caller.Owner, names);
        http.SetTarget($"build {job.Id}{string.Concat(request.Tags.Select(t => $" {t}"))} on {job.Describe().Engine}");
        return responses.RespondToStarter(job, form, hasContext: isReadWhole);
    }
}
