using System.Text;
using System.Text.Json;
using ContainerApi.Builds.Context;
using ContainerApi.Http;
using FluentValidation;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds;

/// <summary>What a build request brings: its parameters, judged, and its context, by the form that the content type names.</summary>
internal sealed class BuildInput(ContextRoots roots, BuildOptions options, IValidator<BuildRequest> validator)
{
    public const string Tar = "application/x-tar";
    public const string Gzip = "application/gzip";
    public const string DockerfileText = "text/x-dockerfile";

    /// <summary>For a body that is read whole: a Dockerfile, a JSON document.</summary>
    private const long LargestText = 4 * 1024 * 1024;

    /// <exception cref="RequestException">The content type, a parameter or the place of the context cannot be used.</exception>
    public async Task<(BuildParameters Parameters, BuildContext Context)> ReadAsync(HttpContext http, BuildRequest query) => MediaTypeOf(http.Request) switch
    {
        Tar or Gzip => (query.ToParameters(http.Request), Uploaded(http, options.MaxContextBytes)),
        DockerfileText => (query.ToParameters(http.Request), BuildContexts.FromDockerfile(await ReadTextAsync(http), options.MaxContextBytes)),
        MediaTypes.Json => ToBuild(http.Request, await ReadDocumentAsync(http)),
        var other => throw new RequestException(
            ProblemCode.UnsupportedMediaType, $"A context comes as {Tar}, {Gzip}, {DockerfileText} or {MediaTypes.Json}; the request's content type is '{other}'."),
    };

    /// <summary>Whether a request's body is read before the build begins; else it is the context, and read by the build.</summary>
    public static bool IsReadWhole(HttpRequest request) => MediaTypeOf(request) is DockerfileText or MediaTypes.Json;

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

    private (BuildParameters, BuildContext) ToBuild(HttpRequest http, BuildDocument document)
    {
        var request = document.ToRequest();
        validator.Validate(request).ThrowIfAny();
        var parameters = request.ToParameters(http);
        if (document.Path is null)
        {
            return document.Dockerfile is { } text
                ? (parameters, BuildContexts.FromDockerfile(text, options.MaxContextBytes))
                : throw new RequestException(
                    ProblemCode.InvalidRequest, "path or dockerfile must say what to build.",
                    new Dictionary<string, string[]> { ["path"] = ["or dockerfile must be given."] });
        }

        return FromDirectory(roots.Resolve(document.Path), parameters);
    }

    /// <summary>A directory's context, and the parameters with the Dockerfile that it has.</summary>
    public (BuildParameters, BuildContext) FromDirectory(string directory, BuildParameters parameters)
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
}
