using ContainerApi.Containers;
using ContainerApi.Engine;
using ContainerApi.Http;
using ContainerApi.Http.OpenApi;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ContainerApi.Images;

/// <summary>Images: list, inspect, pull, push, tag, commit, remove.</summary>
internal static class ImagesEndpoints
{
    public static void AddImages(this IServiceCollection services)
    {
        services.TryAddSingleton<ContainerLocator>();
        services.AddSingleton<ImageLists>();
        services.AddSingleton<ImagePull>();
        services.AddSingleton<ImagePush>();
        services.AddSingleton<ContainerCommit>();
    }

    public static void MapImages(this WebApplication app)
    {
        var images = app.MapGroup("/images").WithTags("Images");

        images.MapGet("", ListAsync).ValidateQuery<ImagesQuery>()
            .WithName("listImages").WithSummary("List images")
            .WithDescription("The images of all engines, or of those named, with how many containers use each. "
                + "An engine that fails is an entry in `engines`; only where all fail is the answer a problem.")
            .AsksAnEngine();

        images.MapGet("/{**reference}", InspectAsync).ValidateQuery<ImageQuery>()
            .WithName("inspectImage").WithSummary("Inspect an image")
            .WithDescription("By name or id; slashes of a name stay as they are: `/images/registry:5000/team/app:v1`.")
            .AsksAnEngine(ProblemCode.InvalidReference, ProblemCode.ImageNotFound);

        images.MapDelete("/{**reference}", RemoveAsync).ValidateQuery<RemoveImageQuery>()
            .WithName("removeImage").WithSummary("Remove an image")
            .WithDescription("Takes the name off; the image goes with its last name. What was done is the answer.")
            .AsksAnEngine(ProblemCode.InvalidReference, ProblemCode.ImageNotFound, ProblemCode.Conflict);

        images.MapPost("/tag", TagAsync).ValidateBody<TagRequest>()
            .WithName("tagImage").WithSummary("Give an image a further name")
            .AsksAnEngine(ProblemCode.InvalidReference, ProblemCode.ImageNotFound);

        images.MapPost("/pull", Pull).ValidateBody<PullRequest>()
            .WithName("pullImage").WithSummary("Pull an image from its registry")
            .WithDescription("A stream of `progress` lines that ends with exactly one `result` line. What fails before the first line is a problem, "
                + $"what fails later is in the `result`. The header `{RegistryAuthHeader.Name}` of Docker's clients may stand for `registryAuth`.")
            .Produces<PullEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson)
            .AsksAnEngine(ProblemCode.InvalidReference, ProblemCode.Forbidden, ProblemCode.ImageNotFound);

        images.MapPost("/push", Push).ValidateBody<PushRequest>()
            .WithName("pushImage").WithSummary("Push an image to its registry")
            .WithDescription("A stream of `progress` lines that ends with exactly one `result` line. What fails before the first line is a problem, "
                + "what fails later, as a registry's refusal does, is in the `result`. "
                + $"The header `{RegistryAuthHeader.Name}` of Docker's clients may stand for `registryAuth`.")
            .Produces<PushEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson)
            .AsksAnEngine(ProblemCode.InvalidReference, ProblemCode.Forbidden, ProblemCode.ImageNotFound);

        images.MapPost("/commit", CommitAsync).ValidateBody<CommitRequest>()
            .WithName("commitContainer").WithSummary("Make an image of a container")
            .WithDescription("Takes as long as what the container wrote is large. `changes` that the engine refuses are a 400 in its words. "
                + "With `dryRun` nothing is made: the answer is what the commit would do. It reads CMD, ENTRYPOINT, ENV, USER and WORKDIR as the "
                + "engine does; whether the engine takes the others shows with the commit alone.")
            .AsksAnEngine(ProblemCode.InvalidReference, ProblemCode.ContainerNotFound, ProblemCode.Conflict);
    }

    private static async Task<Ok<ImageList>> ListAsync(
        [AsParameters] ImagesQuery query, ImageLists lists, CancellationToken cancellationToken) =>
        TypedResults.Ok(await lists.ListAsync(query, cancellationToken));

    private static async Task<Ok<ImageInspection>> InspectAsync(
        [AsParameters] ImageQuery query, EngineDirectory engines, CancellationToken cancellationToken)
    {
        var engine = engines.Get(query.Engine);
        var counting = ImageLists.CountContainersAsync(engine, cancellationToken);
        var image = await engine.InspectImageAsync(ImageReference.ToLookup(ImageRequests.Unescaped(query.Reference)!), cancellationToken);
        return TypedResults.Ok(ImageProjection.ToInspection(engine.Name, image, await counting));
    }

    private static async Task<Ok<ImageRemoval>> RemoveAsync(
        [AsParameters] RemoveImageQuery query, EngineDirectory engines, CancellationToken cancellationToken)
    {
        var reference = ImageReference.ToLookup(ImageRequests.Unescaped(query.Reference)!);
        var removed = await engines.Get(query.Engine).RemoveImageAsync(reference, Rules.ToBoolean(query.Force), cancellationToken);
        return TypedResults.Ok(new ImageRemoval(removed.Untagged, removed.Deleted));
    }

    private static async Task<Created<TaggedImage>> TagAsync(TagRequest request, EngineDirectory engines, CancellationToken cancellationToken)
    {
        var engine = engines.Get(request.Engine);
        var name = ImageReference.TryParse(request.Tag, out var parsed)
            ? parsed
            : throw new ArgumentException("The reference is validated before it comes here.", nameof(request));
        await engine.TagImageAsync(ImageReference.ToLookup(request.Image!), name.Repository, name.Tag ?? "latest", cancellationToken);
        var image = await engine.InspectImageAsync(name.ToString(), cancellationToken);
        return TypedResults.Created($"/images/{name}", new TaggedImage(image.Summary.Id, image.Summary.Tags));
    }

    private static NdjsonResult<PullEvent> Pull(PullRequest request, HttpRequest http, ImagePull pull, CancellationToken cancellationToken) =>
        new(pull.RunAsync(request with { RegistryAuth = RegistryAuthHeader.Of(http, request.RegistryAuth) }, cancellationToken));

    private static NdjsonResult<PushEvent> Push(PushRequest request, HttpRequest http, ImagePush push, CancellationToken cancellationToken) =>
        new(push.RunAsync(request with { RegistryAuth = RegistryAuthHeader.Of(http, request.RegistryAuth) }, cancellationToken));

    private static async Task<Results<Created<CommittedImage>, Ok<CommitDryRun>>> CommitAsync(
        CommitRequest request, ContainerCommit commit, CancellationToken cancellationToken)
    {
        if (request.DryRun == true)
        {
            return TypedResults.Ok(await commit.PreviewAsync(request, cancellationToken));
        }

        var image = await commit.CommitAsync(request, cancellationToken);
        return TypedResults.Created($"/images/{image.Id}", image);
    }
}
