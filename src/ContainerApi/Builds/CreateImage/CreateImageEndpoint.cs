using System.Runtime.CompilerServices;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Idempotency;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Builds.Contexts;
using ContainerApi.Containers;
using ContainerApi.Engine;

namespace ContainerApi.Builds.CreateImage;

/// <summary>The body of <c>POST /images</c>.</summary>
internal sealed record CreateImageRequest(
    [Parameter("`directory:PATH`, a directory with a Dockerfile under a configured context root; `container:NAME`, a container by name or id; or "
        + "either of them without its prefix, where a directory comes first.",
        Pattern = @"[^\0]{1,4096}", Expected = "must name a directory or a container.")]
    string Source,
    [Parameter("The reference for the image, `app:v1`.", ErrorCode = "invalid_reference")]
    ImageName Tag,
    [Parameter(EngineName.OfWrite, CanBeInQuery = true)]
    EngineName? Engine,
    [Parameter(StreamParameters.Format, Allowed = ["ndjson", "sse"], CanBeInQuery = true)]
    StreamFormat? Format);

/// <summary><c>POST /images</c>, the tool of the tutorial: builds a directory or commits a container.</summary>
internal static class CreateImageEndpoint
{
    private const string ContainerPrefix = "container:";
    private const string DirectoryPrefix = "directory:";

    // A container's name has no colon.
    private static readonly string[] Prefixes = [ContainerPrefix, DirectoryPrefix];

    public static void MapImageSources(this IEndpointRouteBuilder app) =>
        app.MapPost("/images", CreateAsync)
            .WithTags("Images")
            .WithName("createImage")
            .WithSummary("Create an image from a directory or a container")
            .WithDescription(
                """
                Builds the source if it is a directory with a Dockerfile under a configured context root; otherwise commits the
                container with that name or id. `directory:PATH` and `container:NAME` say which. The response is a stream that begins with
                `started`, or with `queued` where a build has to wait, whose `action` is `build` or `commit`, and ends with a `result`.
                """)
            .Produces<BuildEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.EventStream)
            .RequireScope(Scopes.ImagesWrite)
            .WithLongTimeout()
            .WithIdempotency(new BuildIdempotency())
            .ProducesEngineProblems(
                ErrorCode.EngineRequired, ErrorCode.InvalidReference, ErrorCode.InvalidDockerfile, ErrorCode.InvalidContext,
                ErrorCode.ContextPathNotAllowed, ErrorCode.SourceNotFound, ErrorCode.AmbiguousReference, ErrorCode.ContextTooLarge,
                ErrorCode.TooManyBuilds, ErrorCode.NotAcceptable);

    private static async Task<IResult> CreateAsync(
        RequestBody<CreateImageRequest> body,
        HttpContext http,
        EngineDirectory engines,
        ContainerResolver containers,
        Caller caller,
        ContextRoots roots,
        BuildPipeline pipeline,
        BuildResponses responses,
        BuildRequestReader reader,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var request = body.Value;
        var format = Formats.ChooseStream(request.Format, http.Request);
        var names = http.Features.Get<FieldNames>();
        if (FindDirectory(request.Source, roots) is { } directory)
        {
            caller.Require(Scopes.BuildsWrite);
            var (build, context) = reader.OpenDirectory(directory, BuildRequest.Default with { Tags = [request.Tag] });
            var job = pipeline.Start(engines.ForWrite(request.Engine), build, context, null, http.GetClient(), caller.Owner, names);
            http.SetTarget($"build {job.Id} of {request.Tag}");
            return responses.RespondToStarter(job, new BuildResponseForm(BuildMode.Stream, format), hasContext: true);
        }

        var (engine, container) = await FindContainerAsync(request, containers, cancellationToken);
        http.SetTarget($"container {new ShortId(container.Id)} ({container.Name}) as {request.Tag}");
        var events = CommitAsync(engine, container, request.Tag, names, time, cancellationToken);
        return new StreamResult<BuildEvent>(
            events.Numbered(time, cancellationToken)
                .KeepAsync(http, format, isKept: _ => true, succeeds: e => e is ResultEvent { State: StreamOutcome.Succeeded }, cancellationToken),
            format)
        {
            Heartbeat = new Heartbeat<BuildEvent>(
                (last, at) => new HeartbeatEvent { Seq = last?.Seq, At = at }, () => Heartbeat<BuildEvent>.DefaultInterval, time),
            Outcome = item => item is ResultEvent { Error: { } error } ? $"{error.Code}: {error.Message}" : null,
        };
    }

    /// <summary>Returns the directory that the source names, or null when it can only be a container.</summary>
    private static string? FindDirectory(string source, ContextRoots roots)
    {
        if (source.StartsWith(ContainerPrefix, StringComparison.Ordinal))
        {
            return ContainerReference.TryParse(NameOf(source), out _) ? null : throw NotFound(source);
        }

        // A source that is a valid container name may also be a directory; any other source is a path.
        var isPath = source.StartsWith(DirectoryPrefix, StringComparison.Ordinal) || !ContainerReference.TryParse(source, out _);
        var directory = isPath || roots.Any ? roots.Find(NameOf(source)) : null;
        return directory is not null && DirectoryContext.HasDockerfile(directory) ? directory
            : isPath ? throw NotFound(source)
            : null;
    }

    /// <summary>The name or id of a container, or the path of a directory: the source without its prefix.</summary>
    private static string NameOf(string source) =>
        Prefixes.FirstOrDefault(p => source.StartsWith(p, StringComparison.Ordinal)) is { } prefix ? source[prefix.Length..] : source;

    private static async Task<(IEngine, ContainerDetails)> FindContainerAsync(
        CreateImageRequest request, ContainerResolver containers, CancellationToken cancellationToken)
    {
        try
        {
            return await containers.FindForWriteAsync(new ContainerReference(NameOf(request.Source)), request.Engine, cancellationToken);
        }
        catch (ApiException e) when (e.Code == ErrorCode.ContainerNotFound)
        {
            throw NotFound(request.Source);
        }
    }

    private static async IAsyncEnumerable<BuildEvent> CommitAsync(
        IEngine engine, ContainerDetails container, ImageName tag, FieldNames? names, TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new StartedEvent(null, engine.Name, null, ImageAction.Commit);
        var began = time.GetTimestamp();
        string? imageId = null;
        BuildError? error = null;
        try
        {
            var spec = new CommitSpec(container.Id, tag, Comment: null, Author: null, Pause: true, Changes: []);
            imageId = await engine.CommitContainerAsync(spec, cancellationToken);
        }
        catch (EngineException e)
        {
            error = BuildError.Of(e, names);
        }

        yield return new ResultEvent(
            error is null ? StreamOutcome.Succeeded : StreamOutcome.Failed, null, engine.Name, imageId, error is null ? [tag.ToString()] : [],
            (long)time.GetElapsedTime(began).TotalMilliseconds, error);
    }

    private static ApiException NotFound(string source) =>
        new(ErrorCode.SourceNotFound,
            source.StartsWith(ContainerPrefix, StringComparison.Ordinal) ? $"There is no container '{NameOf(source)}'."
            : source.StartsWith(DirectoryPrefix, StringComparison.Ordinal)
                ? $"There is no directory '{NameOf(source)}' with a Dockerfile under a context root."
            : $"'{source}' is neither a directory with a Dockerfile under a context root nor a container.");
}
