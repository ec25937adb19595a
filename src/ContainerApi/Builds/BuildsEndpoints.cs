using System.Text;
using System.Text.Json;
using ContainerApi.Builds.Context;
using ContainerApi.Engine;
using ContainerApi.Http;
using FluentValidation;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds;

internal static class BuildsEndpoints
{
    private const string Tar = "application/x-tar";
    private const string Gzip = "application/gzip";
    private const string DockerfileText = "text/x-dockerfile";

    /// <summary>For a body that is read whole: a Dockerfile, a JSON document.</summary>
    private const long LargestText = 4 * 1024 * 1024;

    public static void AddBuilds(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(BuildOptions.From(builder.Configuration));
        builder.Services.AddSingleton<ContextRoots>();
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
                 The context comes as a tar archive (`{Tar}`, plain or in gzip; `{Gzip}`), as a Dockerfile alone
                 (`{DockerfileText}`), or as JSON: `path` names a directory under a configured context root, `dockerfile`
                 holds a Dockerfile's text. JSON has the parameters as fields, the others have them in the query.

                 The answer is one JSON object per line: `started`, then `step`, `log`, `progress`, `warning` and, after 15
                 seconds of silence, `heartbeat`; the last line is `result`. A failed build is a `result` with state
                 `failed` under status 200; what is wrong before the engine begins is a problem. To leave the stream stops
                 the build.
                 """)
            .Accepts<BuildDocument>(MediaTypes.Json, Tar, Gzip, DockerfileText)
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
        HttpContext http,
        [AsParameters] BuildRequest query,
        EngineDirectory engines,
        BuildPipeline pipeline,
        ContextRoots roots,
        BuildOptions options,
        IValidator<BuildRequest> validator)
    {
        var (parameters, context) = MediaTypeOf(http.Request) switch
        {
            Tar or Gzip => (query.ToParameters(), Uploaded(http, options.MaxContextBytes)),
            DockerfileText => (query.ToParameters(), BuildContexts.FromDockerfile(await ReadTextAsync(http), options.MaxContextBytes)),
            MediaTypes.Json => ToBuild(await ReadDocumentAsync(http), roots, options, validator),
            var other => throw new RequestException(
                ProblemCode.UnsupportedMediaType, $"A context comes as {Tar}, {Gzip}, {DockerfileText} or {MediaTypes.Json}; the request's content type is '{other}'."),
        };
        var engine = engines.Get(parameters.Engine);
        LetTheClientPause(http);
        return new NdjsonResult<BuildEvent>(pipeline.RunAsync(engine, parameters, context, http.RequestAborted));
    }

    private static string MediaTypeOf(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) ? type.MediaType.ToString().ToLowerInvariant() : "";

    private static BuildContext Uploaded(HttpContext http, long maxBytes)
    {
        if (http.Request.ContentLength > maxBytes)
        {
            throw BuildContexts.TooLarge(maxBytes);
        }

        // The server's own limit is meant for bodies that are held in memory; this one is counted as it passes.
        Limit(http, null);
        return UploadedContext.From(http.Request.BodyReader, maxBytes);
    }

    private static (BuildParameters, BuildContext) ToBuild(
        BuildDocument document, ContextRoots roots, BuildOptions options, IValidator<BuildRequest> validator)
    {
        var request = document.ToRequest();
        validator.Validate(request).ThrowIfAny();
        var parameters = request.ToParameters();
        if (document.Path is null)
        {
            return document.Dockerfile is { } text
                ? (parameters, BuildContexts.FromDockerfile(text, options.MaxContextBytes))
                : throw new RequestException(
                    ProblemCode.InvalidRequest, "path or dockerfile must say what to build.",
                    new Dictionary<string, string[]> { ["path"] = ["or dockerfile must be given."] });
        }

        return FromDirectory(roots.Resolve(document.Path), parameters, options);
    }

    /// <summary>A directory's context, and the parameters with the Dockerfile that it has.</summary>
    internal static (BuildParameters, BuildContext) FromDirectory(string directory, BuildParameters parameters, BuildOptions options)
    {
        var context = DirectoryContext.Open(directory, parameters.Spec.Dockerfile);
        return (parameters with { Spec = parameters.Spec with { Dockerfile = context.Dockerfile } }, context.Write(options.MaxContextBytes));
    }

    private static async Task<BuildDocument> ReadDocumentAsync(HttpContext http)
    {
        if (http.Request.Query.Count > 0)
        {
            throw new RequestException(ProblemCode.InvalidRequest, "The parameters of a build in JSON are its fields; the query must be empty.");
        }

        var text = await ReadTextAsync(http);
        try
        {
            return JsonSerializer.Deserialize<BuildDocument>(text, WireJson.Options) ?? throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new BadHttpRequestException("The body is not JSON.", StatusCodes.Status400BadRequest, e);
        }
    }

    private static async Task<string> ReadTextAsync(HttpContext http)
    {
        if (http.Request.ContentLength > LargestText)
        {
            throw TextTooLarge();
        }

        Limit(http, LargestText);
        using var body = new StreamReader(http.Request.Body, Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        var text = new StringBuilder();
        var buffer = new char[16 * 1024];
        while (await body.ReadAsync(buffer, http.RequestAborted) is var read and > 0)
        {
            text.Append(buffer, 0, read);
            if (text.Length > LargestText)
            {
                throw TextTooLarge();
            }
        }

        return text.ToString();
    }

    private static RequestException TextTooLarge() =>
        new(ProblemCode.ContextTooLarge, $"A Dockerfile or a JSON document may have {LargestText} bytes.");

    private static void Limit(HttpContext http, long? bytes)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = bytes;
        }
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
