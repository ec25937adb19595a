using System.Text;
using System.Text.Json;
using ContainerApi.Api;
using ContainerApi.Builds.Contexts;
using FluentValidation;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds;

/// <summary>Reads the parameters and the context of a build request by its content type.</summary>
internal sealed class BuildRequestReader(ContextRoots roots, RemoteContexts remotes, BuildOptions options, IValidator<BuildRequest> validator)
{
    public const string Tar = "application/x-tar";
    public const string Gzip = "application/gzip";
    public const string Bzip2 = "application/x-bzip2";
    public const string Xz = "application/x-xz";
    public const string Zstd = "application/zstd";
    public const string Form = "multipart/form-data";
    public const string DockerfileText = "text/x-dockerfile";

    /// <summary>Parameters that name a context.</summary>
    private static readonly string[] OtherContexts = ["path", "remote"];

    /// <summary>Limit of a body that is read whole: a Dockerfile or a JSON document.</summary>
    private const long MaxTextBytes = 4 * 1024 * 1024;

    /// <exception cref="ApiException">The content type, a parameter or the context is invalid.</exception>
    public async Task<(BuildParameters Parameters, BuildContext Context)> ReadAsync(HttpContext http, BuildRequest query) =>
        MediaTypeOf(http.Request) switch
        {
            Tar or Gzip or Bzip2 or Xz or Zstd => ToUpload(http, query.ToParameters(http.Request)),
            Form => await ReadFormAsync(http, query),
            DockerfileText => (query.ToParameters(http.Request), BuildContexts.FromDockerfile(await ReadTextAsync(http), options.MaxContextBytes)),
            MediaTypes.Json => ToBuild(http.Request, await ReadDocumentAsync(http), query),
            var other => throw new ApiException(
                ErrorCode.UnsupportedMediaType, $"Unsupported content type '{other}'. "
                + $"Supported content types: {Tar}, {Gzip}, {Bzip2}, {Xz}, {Zstd}, {Form}, {DockerfileText}, {MediaTypes.Json}."),
        };

    /// <summary>Whether the body is read with the request; otherwise the build reads it as its context.</summary>
    public static bool IsReadWhole(HttpRequest request) => MediaTypeOf(request) is DockerfileText or MediaTypes.Json;

    private static string MediaTypeOf(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) ? type.MediaType.ToString().ToLowerInvariant() : "";

    private (BuildParameters, BuildContext) ToUpload(HttpContext http, BuildParameters parameters)
    {
        LimitToContext(http);
        return (parameters, UploadedContext.From(http.Request.BodyReader, parameters.Spec.Dockerfile, options.MaxContextBytes));
    }

    private async Task<(BuildParameters, BuildContext)> ReadFormAsync(HttpContext http, BuildRequest query)
    {
        LimitToContext(http);
        var (request, reader, firstFile) = await BuildFormReader.ReadAsync(http, query);
        validator.Validate(request).ThrowIfAny();
        var parameters = request.ToParameters(http.Request);
        return (parameters, MultipartContext.From(reader, firstFile, parameters.Spec.Dockerfile, options.MaxContextBytes));
    }

    /// <summary>The server's limit is for bodies in memory. The uncompressed size of a context is counted as it streams.</summary>
    private void LimitToContext(HttpContext http)
    {
        if (http.Request.ContentLength > options.MaxContextBytes)
        {
            throw BuildContexts.TooLarge(options.MaxContextBytes);
        }

        // A compressed body may not be larger than the uncompressed limit either.
        Limit(http, options.MaxContextBytes + MaxTextBytes);
    }

    /// <param name="headers">The headers of the request.</param>
    private (BuildParameters, BuildContext) ToBuild(HttpRequest http, BuildDocument document, BuildRequest headers)
    {
        if (document.Path is not null && document.Remote is not null)
        {
            throw TwoContexts("path", "remote");
        }

        if ((document.Path ?? document.Remote) is not null && document.Dockerfile?.Contains('\n', StringComparison.Ordinal) is true)
        {
            throw TwoContexts(document.Path is null ? "remote" : "path", "dockerfile");
        }

        var request = document.ToRequest() with { RegistryConfig = headers.RegistryConfig, RegistryAuth = headers.RegistryAuth };
        validator.Validate(request).ThrowIfAny();
        var parameters = request.ToParameters(http);
        return document switch
        {
            { Path: { } path } => FromDirectory(roots.Resolve(path), parameters),
            { Remote: { } remote } => (parameters with { Spec = parameters.Spec with { Remote = remote } }, remotes.Open(remote)),
            { Dockerfile: { } text } => (parameters, BuildContexts.FromDockerfile(text, options.MaxContextBytes)),
            _ => throw new ApiException(
                ErrorCode.InvalidRequest, "path, remote or dockerfile must say what to build.",
                new Dictionary<string, string[]> { ["path"] = ["or remote or dockerfile must be given."] }),
        };
    }

    /// <summary>Names both contexts in the error when the query names one beside the body.</summary>
    public static ValueTask<object?> RefuseTwoContextsAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        return request.ContentType is not null && OtherContexts.FirstOrDefault(request.Query.ContainsKey) is { } name
            ? throw TwoContexts(name, "body")
            : next(context);
    }

    private static ApiException TwoContexts(string one, string other) => new(
        ErrorCode.InvalidRequest, $"A build has one context: {one} and {other} name two.",
        new Dictionary<string, string[]> { [one] = [$"names a context beside {other}."], [other] = [$"names a context beside {one}."] });

    /// <summary>Returns the context of a directory and the parameters with its Dockerfile.</summary>
    public (BuildParameters, BuildContext) FromDirectory(string directory, BuildParameters parameters)
    {
        var context = DirectoryContext.Open(directory, parameters.Spec.Dockerfile);
        return (parameters with { Spec = parameters.Spec with { Dockerfile = context.Dockerfile } }, context.Write(options.MaxContextBytes));
    }

    private static async Task<BuildDocument> ReadDocumentAsync(HttpContext http)
    {
        if (http.Request.Query.Count > 0)
        {
            throw new ApiException(ErrorCode.InvalidRequest, "The parameters of a build in JSON are its fields; the query must be empty.");
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
        if (http.Request.ContentLength > MaxTextBytes)
        {
            throw TextTooLarge();
        }

        Limit(http, MaxTextBytes);
        using var body = new StreamReader(http.Request.Body, Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        var text = new StringBuilder();
        var buffer = new char[16 * 1024];
        while (await body.ReadAsync(buffer, http.RequestAborted) is var read and > 0)
        {
            text.Append(buffer, 0, read);
            if (text.Length > MaxTextBytes)
            {
                throw TextTooLarge();
            }
        }

        return text.ToString();
    }

    private static ApiException TextTooLarge() =>
        new(ErrorCode.ContextTooLarge, $"The body is too large. Maximum size of a Dockerfile or JSON document: {MaxTextBytes} bytes.");

    private static void Limit(HttpContext http, long? bytes)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = bytes;
        }
    }
}
