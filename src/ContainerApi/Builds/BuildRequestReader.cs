using System.IO.Pipelines;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using ContainerApi.Builds.Contexts;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds;

/// <summary>Reads a build request and its context by the content type.</summary>
internal sealed class BuildRequestReader(ContextRoots roots, RemoteContexts remotes, BuildOptions options, TimeProvider time)
{
    public const string Form = MediaTypes.Form;
    public const string DockerfileText = "text/x-dockerfile";

    /// <summary>The content types of an archive. The first bytes decide how it is compressed.</summary>
    private static readonly string[] Archives =
    [
        "application/x-tar", "application/tar", "application/gzip", "application/x-gzip", "application/x-bzip2", "application/x-xz",
        "application/zstd", "application/octet-stream",
    ];

    /// <summary>The content types of a build request.</summary>
    public static readonly BodyTypes ContentTypes = new([.. Archives, Form, DockerfileText, MediaTypes.Json]);

    /// <summary>JSON fields that name a context.</summary>
    private static readonly string[] NamedContexts = ["path", "remote"];

    /// <summary>The fields of which a JSON body has one.</summary>
    private static readonly string[] ContextFields = ["dockerfile", .. NamedContexts];

    private static readonly string[] MissingContext = [$"is required, if the body has none of {string.Join(", ", ContextFields)}."];

    /// <summary>Parameters with a name or an id, <c>secret:id=value</c> for <c>secret=id=value</c>.</summary>
    private static readonly string[] Named = ["context", "secret", "ssh"];

    private const string NoContext =
        "A build needs a context. Give one of the fields path (a directory under a context root), dockerfile (the text of a Dockerfile) and remote "
        + "(a URL), or send a tar archive, a form with files or a Dockerfile in place of JSON.";

    /// <summary>Maximum size of a Dockerfile or a JSON document.</summary>
    private const int MaxTextBytes = 4 * 1024 * 1024;

    /// <summary>The size of one read of an upload.</summary>
    private const int ReadBytes = 64 * 1024;

    /// <exception cref="ApiException">The content type, a parameter or the context is invalid.</exception>
    public async Task<(BuildRequest Request, BuildSource Context)> ReadAsync(HttpContext http)
    {
        var (request, source) = await ReadMainAsync(http);
        var isJson = MediaTypeOf(http.Request) == MediaTypes.Json;
        return (request, source with { Named = [.. request.NamedContexts.Select(c => Open(c, isJson ? "contexts" : "context:" + c.Name))] });
    }

    /// <param name="field">The field of the context, for errors.</param>
    private NamedContext Open(ContextSource context, string field)
    {
        try
        {
            return Open(context);
        }
        catch (ApiException e)
        {
            var isImage = !context.IsRemote && ImageReference.TryParse(context.Value, out _);
            var message = e.Message + (isImage ? $" For an image write docker-image://{context.Value}." : "");
            throw new ApiException(e.Code, message, new Dictionary<string, string[]> { [field] = [message] }, inner: e);
        }
    }

    private NamedContext Open(ContextSource context)
    {
        if (context.ImageAddress is { } image)
        {
            return new NamedContext(context.Name, image);
        }

        if (!context.IsRemote)
        {
            // Without the text this would look for a Dockerfile.
            return new NamedContext(context.Name, null, DirectoryContext.Open(roots.Resolve(context.Value), null, text: ""));
        }

        remotes.Require(context.Value, "contexts");
        return new NamedContext(context.Name, context.Value);
    }

    private async Task<(BuildRequest Request, BuildSource Context)> ReadMainAsync(HttpContext http) => MediaTypeOf(http.Request) switch
    {
        var type when Archives.Contains(type) => ReadUpload(http),
        Form => await ReadFormAsync(http),
        DockerfileText => await ReadDockerfileAsync(http),
        MediaTypes.Json => await ReadJsonAsync(http),
        _ => throw new UnsupportedMediaTypeException(http.Request, ContentTypes),
    };

    /// <summary>Whether the body is read with the request; otherwise the build reads it as its context.</summary>
    public static bool IsReadWhole(HttpRequest request) => MediaTypeOf(request) is DockerfileText or MediaTypes.Json;

    /// <summary>Measures the request's body from now on; null when uploads have no minimum rate.</summary>
    public UploadMeter? Meter(HttpRequest request)
    {
        if (options.MinUploadRate == 0)
        {
            return null;
        }

        var meter = new UploadMeter(request.Body, options.MinUploadRate, time);
        request.Body = meter;
        return meter;
    }

    /// <summary>Opens a directory as the context.</summary>
    public (BuildRequest, BuildSource) OpenDirectory(string directory, BuildRequest request)
    {
        var text = request.Dockerfile is { IsText: true } given ? given : null;
        var context = DirectoryContext.Open(directory, request.Dockerfile?.Path, text?.Text);
        var source = new BuildSource(context.Write(options.MaxContextBytes), context);
        return (request with { Dockerfile = text ?? BuildDockerfile.Parse(context.Dockerfile) }, source);
    }

    private static string MediaTypeOf(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) ? type.MediaType.ToString().ToLowerInvariant() : "";

    private (BuildRequest, BuildSource) ReadUpload(HttpContext http)
    {
        var request = ReadQuery(http);
        LimitToContext(http);
        var body = PipeReader.Create(http.Request.Body, new StreamPipeReaderOptions(bufferSize: ReadBytes));
        return (request, PreparationOf(request).ToSource(UploadedContext.From(body, request.Dockerfile?.Path, options.MaxContextBytes)));
    }

    private async Task<(BuildRequest, BuildSource)> ReadDockerfileAsync(HttpContext http)
    {
        var request = ReadQuery(http);
        if (request.Dockerfile is { IsText: true })
        {
            throw BuildFormReader.Refused("dockerfile", BuildRequestValidator.SecondContext("the body"));
        }

        using var body = new StreamReader(await ReadBodyAsync(http), Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        return (request, BuildContexts.FromDockerfile(await body.ReadToEndAsync(http.RequestAborted), options.MaxContextBytes));
    }

    private async Task<(BuildRequest, BuildSource)> ReadFormAsync(HttpContext http)
    {
        LimitToContext(http);
        var form = await BuildFormReader.ReadAsync(http);
        var (query, errors) = (http.Request.Query, new RequestErrors());
        ReportContexts(query.Keys, "body", errors);
        ReportContexts(form.Fields.Keys, "files", errors);
        var fields = FieldsOf(query.Where(q => !form.Fields.ContainsKey(q.Key)).Concat(form.Fields));
        foreach (var name in fields.Keys.Where(name => query.ContainsKey(name) && form.Fields.ContainsKey(name)))
        {
            errors.Add(name, "must not be in both the query and the form.");
        }

        var request = RequestReader.Read<BuildRequest>(http, fields, errors);
        if (form.Files.Secrets.Keys.FirstOrDefault(BuildRequest.Pairs(request.Secrets).ContainsKey) is { } id)
        {
            throw BuildFormReader.Refused("secret:" + id, BuildFormReader.Twice);
        }

        return form.FirstFile is null && request.Dockerfile is not { IsText: true }
            ? throw BuildFormReader.NoFile()
            : (request with { Files = form.Files }, PreparationOf(request).ToSource(form.Reader, form.FirstFile));
    }

    private UploadPreparation PreparationOf(BuildRequest request) => new(request.Dockerfile, request.IgnoreFile, options.MaxContextBytes);

    private async Task<(BuildRequest, BuildSource)> ReadJsonAsync(HttpContext http)
    {
        var errors = new RequestErrors();
        ReportContexts(http.Request.Query.Keys, "body", errors);
        var request = await RequestReader.ReadJsonAsync<BuildRequest>(http, await ReadBodyAsync(http), errors);
        return request switch
        {
            { Path: { } path } => OpenDirectory(roots.Resolve(path), request),
            { Remote: { } remote } => (request, remotes.Open(remote)),
            { Dockerfile.Text: var text } => (request with { Dockerfile = null }, BuildContexts.FromDockerfile(text, options.MaxContextBytes)),
            _ => throw new ApiException(ErrorCode.InvalidRequest, NoContext, ContextFields.ToDictionary(name => name, _ => MissingContext)),
        };
    }

    private static BuildRequest ReadQuery(HttpContext http)
    {
        var (query, errors) = (http.Request.Query, new RequestErrors());
        ReportContexts(query.Keys, "body", errors);
        return RequestReader.Read<BuildRequest>(http, FieldsOf(query), errors);
    }

    private static Dictionary<string, ParameterInput> FieldsOf(IEnumerable<KeyValuePair<string, StringValues>> fields) =>
        RequestReader.FieldsOf(fields.Where(f => !NamedContexts.Contains(f.Key, StringComparer.OrdinalIgnoreCase))
            .GroupBy(f => NameOf(f.Key) ?? f.Key, StringComparer.OrdinalIgnoreCase)
            .Select(same => KeyValuePair.Create(same.Key, new StringValues([.. same.SelectMany(ToValues)]))));

    /// <summary><c>context:name=value</c>, as BuildKit's frontend has it, is <c>context=name=value</c>.</summary>
    private static IEnumerable<string?> ToValues(KeyValuePair<string, StringValues> field) =>
        NameOf(field.Key) is { } name ? field.Value.Select(value => $"{field.Key[(name.Length + 1)..]}={value}") : field.Value;

    private static string? NameOf(string field) => Named.FirstOrDefault(name => field.StartsWith(name + ":", StringComparison.Ordinal));

    /// <summary>Reports parameters that name a context next to the one in the request.</summary>
    private static void ReportContexts(IEnumerable<string> names, string context, RequestErrors errors)
    {
        if (NamedContexts.FirstOrDefault(c => names.Contains(c, StringComparer.OrdinalIgnoreCase)) is { } name)
        {
            errors.Add(name, BuildRequestValidator.SecondContext($"the {context}"));
            errors.Add(context, BuildRequestValidator.SecondContext(name));
        }
    }

    /// <summary>The server's limit is for bodies in memory. The uncompressed size of a context is counted as it streams.</summary>
    private void LimitToContext(HttpContext http)
    {
        if (http.Request.ContentLength > options.MaxContextBytes)
        {
            throw BuildContexts.TooLarge(options.MaxContextBytes);
        }

        // A compressed body may not be larger than the uncompressed limit either.
        RequestBodies.Limit(http, options.MaxContextBytes + MaxTextBytes);
    }

    /// <summary>Reads a Dockerfile or a JSON document.</summary>
    private static Task<MemoryStream> ReadBodyAsync(HttpContext http) => RequestBodies.ReadAsync(http, MaxTextBytes, new ApiException(
        ErrorCode.ContextTooLarge, $"The body is too large. Maximum size of a Dockerfile or JSON document: {MaxTextBytes} bytes."));
}
