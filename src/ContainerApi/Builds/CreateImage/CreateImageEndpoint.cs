using System.Runtime.CompilerServices;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Builds.Contexts;
using ContainerApi.Containers;
using ContainerApi.Engine;

namespace ContainerApi.Builds.CreateImage;

/// <summary>The body of <c>POST /images</c>.</summary>
internal sealed record CreateImageRequest(
    [Parameter("A directory with a Dockerfile under a configured context root, or the name or id of a container.",
        Pattern = @"[^\0]{1,4096}", Expected = "must name a directory or a container.")]
    string Source,
    [Parameter("The reference for the image, `app:v1`.", ErrorCode = "invalid_reference")]
    ImageName Tag,
    [Parameter(EngineName.OfWrite, CanBeInQuery = true)]
    EngineName? Engine);

/// <summary><c>POST /images</c>, the tool of the tutorial: builds a directory or commits a container.</summary>
internal static class CreateImageEndpoint
{
    public static void MapImageSources(this IEndpointRouteBuilder app) =>
        app.MapPost("/images", CreateAsync)
            .WithTags("Images")
            .WithName("createImage")
            .WithSummary("Create an image from a directory or a container")
            .WithDescription(
                """
                Builds the source if it is a directory with a Dockerfile under a configured context root; otherwise commits the
                container with that name or id. The response is a stream of JSON lines that ends with a `result` line.
                """)
            .Produces<BuildEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson)
            .RequireScope(Scopes.ImagesWrite)
            .WithLongTimeout()
            .ProducesEngineProblems(
                ErrorCode.EngineRequired, ErrorCode.InvalidReference, ErrorCode.InvalidDockerfile, ErrorCode.InvalidContext,
                ErrorCode.ContextPathNotAllowed, ErrorCode.SourceNotFound, ErrorCode.AmbiguousReference, ErrorCode.Conflict,
                ErrorCode.ContextTooLarge, ErrorCode.TooManyBuilds);

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
        if (FindDirectory(request.Source, roots) is { } directory)
        {
            caller.Require(Scopes.BuildsWrite);
            var (build, context) = reader.OpenDirectory(directory, BuildRequest.Default with { Tags = [request.Tag] });
            var job = pipeline.Start(engines.ForWrite(request.Engine), build, context, null, http.GetClient(), caller.Owner);
            http.SetTarget($"build {job.Id} of {request.Tag}");
            return responses.RespondToStarter(job, BuildResponseMode.Events, hasContext: true);
        }

        var (engine, container) = await FindContainerAsync(request, containers, cancellationToken);
        http.SetTarget($"container {new ShortId(container.Id)} ({container.Name}) as {request.Tag}");
        var began = time.GetTimestamp();
        return new StreamResult<BuildEvent>(CommitAsync(engine, container, request.Tag, () => Elapsed(time, began), cancellationToken))
        {
            Heartbeat = new Heartbeat<BuildEvent>(
                at => new HeartbeatEvent(at), () => Heartbeat<BuildEvent>.DefaultInterval, time, BeforeFirst: true),
            FailureItem = e => e is EngineException engineError
                ? new ResultEvent(BuildOutcome.Failed, null, [], Elapsed(time, began), BuildError.Of(engineError))
                : null,
            Outcome = item => item is ResultEvent { Error: { } error } ? $"{error.Code}: {error.Message}" : null,
        };
    }

    /// <summary>Returns the directory that the source names, or null when it can only be a container.</summary>
    private static string? FindDirectory(string source, ContextRoots roots)
    {
        // A source that is a valid container name may also be a directory; any other source is a path.
        var isPath = !ContainerReference.TryParse(source, out _);
        var directory = isPath || roots.Any ? roots.Find(source) : null;
        return directory is not null && DirectoryContext.HasDockerfile(directory) ? directory
            : isPath ? throw NotFound(source)
            : null;
    }

    private static async Task<(IEngine, ContainerDetails)> FindContainerAsync(
        CreateImageRequest request, ContainerResolver containers, CancellationToken cancellationToken)
    {
        try
        {
            return await containers.FindForWriteAsync(new ContainerReference(request.Source), request.Engine, cancellationToken);
        }
        catch (ApiException e) when (e.Code == ErrorCode.ContainerNotFound)
        {
            throw NotFound(request.Source);
        }
    }

    private static async IAsyncEnumerable<BuildEvent> CommitAsync(
        IEngine engine, ContainerDetails container, ImageName tag, Func<long> elapsed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var spec = new CommitSpec(container.Id, tag, Comment: null, Author: null, Pause: true, Changes: []);
        var imageId = await engine.CommitContainerAsync(spec, cancellationToken);
        yield return new ResultEvent(BuildOutcome.Succeeded, imageId, [tag.ToString()], elapsed(), null);
    }

    private static long Elapsed(TimeProvider time, long began) => (long)time.GetElapsedTime(began).TotalMilliseconds;

    private static ApiException NotFound(string source) =>
        new(ErrorCode.SourceNotFound,
            $"Source '{source}' not found: it is neither a directory with a Dockerfile under a context root nor a container.");
}
