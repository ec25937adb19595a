using ContainerApi.Builds.Context;
using ContainerApi.Engine;
using ContainerApi.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ContainerApi.Builds;

internal static class BuildsEndpoints
{
    public static void AddBuilds(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(BuildOptions.From(builder.Configuration));
        builder.Services.AddSingleton<ContextRoots>();
        builder.Services.AddSingleton<RemoteContexts>();
        builder.Services.AddSingleton<BuildInput>();
        builder.Services.AddSingleton<BuildPipeline>();
    }

    public static void MapBuilds(this WebApplication app)
    {
        app.MapPost("/images/build", BuildAsync)
            .WithTags("Builds")
            .WithName("buildImage")
            .WithSummary("Builds an image and streams how it goes.")
            .WithDescription(
                $"""
                 The context comes as a tar archive, plain (`{BuildInput.Tar}`) or packed (`{BuildInput.Gzip}`, `{BuildInput.Bzip2}`,
                 `{BuildInput.Xz}`, `{BuildInput.Zstd}`; its first bytes say which it is), as a form
                 (`{BuildInput.Form}`) whose files are entries by their file names, `filename="src/main.c"`, as a Dockerfile alone
                 (`{BuildInput.DockerfileText}`), or as JSON: `path` names a directory under a configured context root, `dockerfile`
                 holds a Dockerfile's text, `remote` is an address that the engine fetches, where the configuration allows it.
                 JSON has the parameters as fields, the others have them in the query; a form may have them as parts before its
                 first file.

                 The answer is one JSON object per line: `started`, then `step`, `log`, `progress`, `warning` and, after 15
                 seconds of silence, `heartbeat`; the last line is `result`. A failed build is a `result` with state
                 `failed` under status 200; what is wrong before the engine begins is a problem. To leave the stream stops
                 the build.
                 """)
            .Accepts<BuildDocument>(MediaTypes.Json, BuildInput.Tar, BuildInput.Gzip, BuildInput.Bzip2, BuildInput.Xz, BuildInput.Zstd, BuildInput.Form, BuildInput.DockerfileText)
            .Produces<BuildEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status502BadGateway)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .ProducesProblem(StatusCodes.Status504GatewayTimeout)
            .ValidateQuery<BuildRequest>();
    }

    private static async Task<IResult> BuildAsync(
        HttpContext http, [AsParameters] BuildRequest query, BuildInput input, EngineDirectory engines, BuildPipeline pipeline)
    {
        var (parameters, context) = await input.ReadAsync(http, query);
        var engine = engines.Get(parameters.Engine);
        LetTheClientPause(http);
        return new NdjsonResult<BuildEvent>(pipeline.RunAsync(engine, parameters, context, http.RequestAborted));
    }

    /// <summary>A client that holds the stream for a while (a pager, a paused terminal) is no attack: the build's timeout bounds it, and nothing piles up.</summary>
    private static void LetTheClientPause(HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } feature)
        {
            feature.MinDataRate = null;
        }
    }
}
