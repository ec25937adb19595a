using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Containers;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ContainerApi.Images;

/// <summary>Images: list, inspect, pull, push, tag, commit, remove.</summary>
internal static class ImageEndpoints
{
    public static void AddImages(this IServiceCollection services)
    {
        services.TryAddScoped<ContainerResolver>();
        services.AddSingleton<ImageRedactor>();
        services.AddScoped<ImageLists>();
        services.AddScoped<ImagePull>();
        services.AddScoped<ImagePush>();
        services.AddScoped<ContainerCommit>();
    }

    public static void MapImages(this WebApplication app)
    {
        var images = app.MapGroup("/images").WithTags("Images");

        images.MapGet("", ListAsync).RequireScope(Scopes.ImagesRead).ValidateQuery<ImagesQuery>()
            .WithName("listImages").WithSummary("List images")
            .WithDescription("The images of all engines, or of those named, with how many containers use each. "
                + "An engine that fails is an entry in `engines`; only where all fail is the answer a problem.")
            .ProducesEngineProblems();

        images.MapGet("/{**reference}", InspectAsync).RequireScope(Scopes.ImagesRead).ValidateQuery<ImageQuery>()
            .WithName("inspectImage").WithSummary("Inspect an image")
            .WithDescription("By name or id; slashes of a name stay as they are: `/images/registry:5000/team/app:v1`.")
            .ProducesEngineProblems(ErrorCode.InvalidReference, ErrorCode.ImageNotFound);

        images.MapDelete("/{**reference}", RemoveAsync).RequireScope(Scopes.ImagesWrite).WithLongTimeout().ValidateQuery<RemoveImageQuery>()
            .WithName("removeImage").WithSummary("Remove an image")
            .WithDescription("Takes the name off; the image goes with its last name. What was done is the answer.")
            .ProducesEngineProblems(ErrorCode.InvalidReference, ErrorCode.ImageNotFound, ErrorCode.Conflict);

        images.MapPost("/tag", TagAsync).RequireScope(Scopes.ImagesWrite)
            .WithName("tagImage").WithSummary("Give an image a further name")
            .ProducesEngineProblems(ErrorCode.InvalidReference, ErrorCode.ImageNotFound);

        images.MapPost("/pull", Pull).RequireScope(Scopes.ImagesWrite).WithLongTimeout().ValidateBody<PullRequest>()
            .WithName("pullImage").WithSummary("Pull an image from its registry")
            .WithDescription("A stream of `progress` lines that ends with exactly one `result` line. What fails before the first line is a problem, "
                + $"what fails later is in the `result`. The header `{RegistryAuthHeader.Name}` of Docker's clients may stand for `registryAuth`.")
            .Produces<PullEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson)
            .ProducesEngineProblems(ErrorCode.InvalidReference, ErrorCode.Forbidden, ErrorCode.ImageNotFound);

        images.MapPost("/push", Push).RequireScope(Scopes.ImagesWrite).WithLongTimeout().ValidateBody<PushRequest>()
            .WithName("pushImage").WithSummary("Push an image to its registry")
            .WithDescription("A stream of `progress` lines that ends with exactly one `result` line. What fails before the first line is a problem, "
                + "what fails later, as a registry's refusal does, is in the `result`. "
                + $"The header `{RegistryAuthHeader.Name}` of Docker's clients may stand for `registryAuth`.")
            .Produces<PushEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson)
            .ProducesEngineProblems(ErrorCode.InvalidReference, ErrorCode.Forbidden, ErrorCode.ImageNotFound);

        images.MapPost("/commit", CommitAsync).RequireScope(Scopes.ImagesWrite).WithLongTimeout().ValidateBody<CommitRequest>()
            .WithName("commitContainer").WithSummary("Make an image of a container")
            .WithDescription("Duration grows with the size of the container's writable layer. If the engine rejects `changes`, the response is a 400 "
                + "with the engine's message. With `dryRun` nothing is created: the response has the changed files and the container's current "
                + "configuration. `changes` are not applied to it.")
            .ProducesEngineProblems(ErrorCode.InvalidReference, ErrorCode.ContainerNotFound, ErrorCode.Conflict);
    }

    private static async Task<Ok<ImageList>> ListAsync(
        [AsParameters] ImagesQuery query, ImageLists lists, ImageRedactor mask, Caller caller, CancellationToken cancellationToken) =>
        TypedResults.Ok(mask.For(caller, await lists.ListAsync(query, cancellationToken)));

    private static async Task<Ok<ImageInspection>> InspectAsync(
        [AsParameters] ImageQuery query, EngineDirectory engines, ImageRedactor mask, Caller caller, CancellationToken cancellationToken)
    {
        var engine = engines.Get(query.Engine is null ? null : new EngineName(query.Engine));
        var counting = ImageLists.CountContainersAsync(engine, cancellationToken);
        var image = await engine.InspectImageAsync(ImageRequests.Parse(ImageRequests.Unescaped(query.Reference)), cancellationToken);
        return TypedResults.Ok(mask.For(caller, ImageProjection.ToInspection(engine.Name, image, await counting)));
    }

    private static async Task<Ok<ImageRemoval>> RemoveAsync(
        [AsParameters] RemoveImageQuery query, EngineDirectory engines, CancellationToken cancellationToken)
    {
        var reference = ImageRequests.Parse(ImageRequests.Unescaped(query.Reference));
        var removed = await engines.Get(query.Engine is null ? null : new EngineName(query.Engine)).RemoveImageAsync(reference, Rules.ToBoolean(query.Force), cancellationToken);
        return TypedResults.Ok(new ImageRemoval(removed.Untagged, removed.Deleted));
    }

    private static async Task<Created<TaggedImage>> TagAsync(
        RequestBody<TagRequest> body, EngineDirectory engines, HttpContext http, CancellationToken cancellationToken)
    {
        var request = body.Value;
        http.SetTarget($"image {request.Image} as {request.Tag}");
        var engine = engines.Get(request.Engine);
        await engine.TagImageAsync(request.Image, request.Tag, cancellationToken);
        var image = await engine.InspectImageAsync(request.Tag.ToNameOrId(), cancellationToken);
        return TypedResults.Created($"/images/{request.Tag}", new TaggedImage(image.Summary.Id, image.Summary.Tags));
    }

    private static StreamResult<PullEvent> Pull(PullRequest request, ImagePull pull, HttpContext http, CancellationToken cancellationToken)
    {
        http.SetTarget($"image {request.Image}");
        return new StreamResult<PullEvent>(
            pull.RunAsync(request with { RegistryAuth = RegistryAuthHeader.Of(http.Request, request.RegistryAuth) }, cancellationToken))
        {
            Outcome = item => item is PullResult { Error: { } error } ? $"{error.Code}: {error.Message}" : null,
        };
    }

    private static StreamResult<PushEvent> Push(PushRequest request, ImagePush push, HttpContext http, CancellationToken cancellationToken)
    {
        http.SetTarget($"image {request.Image}");
        return new StreamResult<PushEvent>(
            push.RunAsync(request with { RegistryAuth = RegistryAuthHeader.Of(http.Request, request.RegistryAuth) }, cancellationToken))
        {
            Outcome = item => item is PushResult { Error: { } error } ? $"{error.Code}: {error.Message}" : null,
        };
    }

    private static async Task<Results<Created<CommittedImage>, Ok<CommitDryRun>>> CommitAsync(
        CommitRequest request, ContainerCommit commit, Caller caller, HttpContext http, CancellationToken cancellationToken)
    {
        http.SetTarget($"container {request.Container} as {request.Tag ?? "an image without a name"}");
        if (request.DryRun == true)
        {
            return TypedResults.Ok(ImageRedactor.For(caller, await commit.DryRunAsync(request, cancellationToken)));
        }

        if (request.Stop == true)
        {
            caller.Require(Scopes.ContainersWrite);
        }

        var image = await commit.CommitAsync(request, cancellationToken);
        return TypedResults.Created($"/images/{image.Id}", image);
    }
}
