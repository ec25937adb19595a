using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Idempotency;
using ContainerApi.Api.OpenApi;
using ContainerApi.Api.Requests;
using ContainerApi.Cluster;
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
        services.AddSingleton<ImageUpdates>();
        services.AddScoped<ImageQueries>();
        services.AddScoped<ImageTransfers>();
        services.AddScoped<ImageSave>();
        services.AddScoped<ImageLoad>();
        services.AddSingleton<ArchiveUploads>();
        services.AddScoped<ImagePrune>();
        services.AddScoped<ContainerCommit>();
    }

    public static void MapImages(this IEndpointRouteBuilder app)
    {
        var images = app.MapGroup("/images").WithTags("Images").ProducesEngineProblems();
        images.MapGroup("").RequireScope(Scopes.ImagesRead).MapQueries();
        images.MapGroup("").RequireScope(Scopes.ImagesWrite).WithLongTimeout().CanFailWith(ErrorCode.EngineRequired).MapChanges();
    }

    /// <summary>What the two ways to an archive have in common.</summary>
    private const string AboutArchives = "An archive has the environment and all files of its images, so it also needs the scope "
        + "`containers:secrets`. It is passed on while the engine writes it; the connection of an incomplete one is cut. "
        + "`POST /images/load` loads it.";

    /// <summary>Finds the owner of a read of one image.</summary>
    private static readonly OwnerLookup Owner = new(
        async (http, token) => ReferenceIn(http) is { } reference
            ? await ImageResolver.FindAllAsync(http.RequestServices.GetRequiredService<EngineDirectory>().All, reference, token)
            : [],
        http => ReferenceIn(http) is { } reference ? $"/images/{reference.Value}?local=true&format=json" : null);

    private static ImageNameOrId? ReferenceIn(HttpContext http) =>
        ImageNameOrId.TryParse(RequestReader.RouteText(http, "reference") ?? "", out var reference) ? reference : null;

    private static void MapQueries(this RouteGroupBuilder images)
    {
        images.MapGet("", async (RequestQuery<ImageListRequest> query, ImageQueries queries, ImageSave save, HttpContext http) =>
                ImageFormats.ChooseList(query.Value.Format, http.Request) is { } format
                    ? await queries.ListAsync(query.Value, format, http.Request, http.RequestAborted)
                    : await save.SaveAsync(query.Value, http))
            .WithMetadata(MergedList.Metadata)
            .WithName("listImages").WithSummary("List images")
            .WithDescription("The images of all engines, or of the named engines, with the number of containers that use each image. "
                + "An engine that fails is an entry in `engines`. The response is a problem only if all engines fail. "
                + "With `format=tar` it is the archive of the images in `reference`, which one engine has: `docker save`. " + AboutArchives)
            .Produces<ImageList>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Ndjson, MediaTypes.Text, MediaTypes.Csv, MediaTypes.Tar)
            .Produces(StatusCodes.Status304NotModified)
            .WithMetadata(new LongRequest(ImageFormats.IsArchive))
            .CanFailWith(ErrorCode.NotAcceptable, ErrorCode.ImageNotFound, ErrorCode.AmbiguousReference);

        images.MapGet("/{**reference}", async (
                RequestQuery<ImageQuery> query, ImageQueries queries, ImageSave save, ImageRedactor redactor, Caller caller, HttpContext http) =>
                ImageFormats.Choose(query.Value.Format, http.Request) == ImageFormat.Tar
                    ? await save.SaveAsync(query.Value, http)
                    : RenderedBody.Json(redactor.For(caller, await queries.InspectAsync(query.Value, http.RequestAborted))))
            .WithMetadata(Owner)
            .WithName("getImage").WithSummary("Inspect an image")
            .WithDescription("By name or id. An image that several engines have is a 409 with the engines. "
                + "Slashes of a name need no escaping: `/images/registry:5000/team/app:v1`. "
                + "With `format=tar` the response is the archive of the image: `docker save`. " + AboutArchives)
            .Produces<ImageInspection>(StatusCodes.Status200OK, MediaTypes.Json, MediaTypes.Tar)
            .Produces(StatusCodes.Status304NotModified)
            .WithMetadata(new LongRequest(ImageFormats.IsArchive))
            .CanFailWith(ErrorCode.InvalidReference, ErrorCode.ImageNotFound, ErrorCode.AmbiguousReference, ErrorCode.NotAcceptable);
    }

    private static void MapChanges(this RouteGroupBuilder images)
    {
        images.MapDelete("/{**reference}", RemoveAsync)
            .WithName("deleteImage").WithSummary("Remove an image")
            .WithDescription("Removes the name, and the image together with its last name. The response lists what was removed.")
            .CanFailWith(ErrorCode.InvalidReference, ErrorCode.ImageNotFound, ErrorCode.ImageInUse, ErrorCode.Conflict);

        images.MapPost("/tag", TagAsync)
            .WithName("tagImage").WithSummary("Give an image another name")
            .CanFailWith(ErrorCode.InvalidReference, ErrorCode.ImageNotFound);

        images.MapPost("/pull", Pull).WithIdempotency()
            .WithName("pullImage").WithSummary("Pull an image from its registry")
            .WithDescription("A stream of `progress` lines that ends with exactly one `result` line. A failure before the first line is a problem, "
                + "a later failure is in the `result`. "
                + $"Credentials are in `registryAuth` or in the header `{ApiHeaders.RegistryAuth}` of Docker's clients.")
            .Produces<TransferEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.EventStream)
            .CanFailWith(
                ErrorCode.InvalidReference, ErrorCode.RegistryUnauthorized, ErrorCode.RegistryUnavailable, ErrorCode.ImageNotFound,
                ErrorCode.NotAcceptable);

        images.MapPost("/push", Push)
            .WithName("pushImage").WithSummary("Push an image to its registry")
            .WithDescription("A stream of `progress` lines that ends with exactly one `result` line. A failure before the first line is a problem, "
                + "a later failure, such as a refusal by the registry, is in the `result`. "
                + $"Credentials are in `registryAuth` or in the header `{ApiHeaders.RegistryAuth}` of Docker's clients.")
            .Produces<TransferEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.EventStream)
            .CanFailWith(
                ErrorCode.InvalidReference, ErrorCode.RegistryUnauthorized, ErrorCode.RegistryUnavailable, ErrorCode.ImageNotFound,
                ErrorCode.NotAcceptable);

        images.MapPost("/load", Load).WithIdempotency(new ArchiveIdempotency())
            .WithName("loadImages").WithSummary("Load images from an archive")
            .WithDescription("The body is an archive of `docker save` or of `format=tar`, plain or compressed with gzip, bzip2, xz or zstd (the "
                + "first bytes decide); the engine reads it while it arrives. It gets the end only of a whole and valid archive: of one that is cut "
                + "nothing is loaded, and the response is a 400 `invalid_archive`. The stream has `progress` lines and ends with exactly one "
                + "`result` line with the images. A failure before the first line is a problem, a later failure is in the `result`.")
            .Produces<LoadEvent>(StatusCodes.Status200OK, MediaTypes.Ndjson, MediaTypes.EventStream)
            .CanFailWith(ErrorCode.NotAcceptable);

        images.MapPost("/import", ImportAsync).WithIdempotency(new ArchiveIdempotency())
            .WithName("importImage").WithSummary("Create an image from the archive of a file system")
            .WithDescription("The body is a tar archive of the files, as `docker export` or `tar -C directory -c .` writes it, plain or compressed "
                + "with gzip, bzip2, xz or zstd (the first bytes decide). An archive that is cut creates no image.")
            .CanFailWith(ErrorCode.InvalidReference, ErrorCode.FeatureUnsupported);

        images.MapPost("/prune", async Task<Ok<ImagePruneResult>> (
                RequestBody<PruneRequest> body, ImagePrune prune, HttpContext http, CancellationToken cancellationToken) =>
                TypedResults.Ok(await prune.RunAsync(body.Value, http, cancellationToken)))
            .WithName("pruneImages").WithSummary("Remove images that no container uses")
            .WithDescription("Removes images without a name, or with `dangling: false` all unused ones. The engine decides what is in use: an "
                + "image of a container is never removed. A key with labels removes images with all of its labels only. While a build with the "
                + "classic builder runs on the engine, this is 409 `build_running`. Each removed image has an audit line. With `dryRun` nothing is "
                + "removed.")
            .CanFailWith(ErrorCode.Conflict, ErrorCode.BuildRunning);

        images.MapPost("/commit", CommitAsync).WithIdempotency()
            .WithName("commitContainer").WithSummary("Create an image from a container")
            .WithDescription("Duration grows with the size of the container's writable layer. If the engine rejects `changes`, the response is a 400 "
                + "with the engine's message. With `dryRun` nothing is created: `preview` has the changed files and the container's current "
                + "configuration. `changes` are not applied to it.")
            .CanFailWith(ErrorCode.InvalidReference, ErrorCode.ContainerNotFound, ErrorCode.AmbiguousReference, ErrorCode.Conflict);
    }

    private static async Task<Ok<ImageRemoval>> RemoveAsync(
        RequestQuery<RemoveImageRequest> query, EngineDirectory engines, CancellationToken cancellationToken)
    {
        var (reference, engine, force) = query.Value;
        var chosen = engines.ForWrite(engine);
        var removed = await chosen.RemoveImageAsync(reference, force, cancellationToken);
        return TypedResults.Ok(new ImageRemoval(chosen.Name, removed.Untagged, removed.Deleted));
    }

    private static async Task<Created<TaggedImage>> TagAsync(
        RequestBody<TagRequest> body, EngineDirectory engines, HttpContext http, CancellationToken cancellationToken)
    {
        var request = body.Value;
        http.SetTarget($"image {request.Image} as {request.Tag}");
        var engine = engines.ForWrite(request.Engine);
        await engine.TagImageAsync(request.Image, request.Tag, cancellationToken);
        var image = await engine.InspectImageAsync(request.Tag.ToNameOrId(), cancellationToken);
        return TypedResults.Created(
            engines.AddressOf($"/images/{request.Tag}", engine.Name), new TaggedImage(engine.Name, image.Summary.Id, image.Summary.Tags));
    }

    private static StreamResult<TransferEvent> Pull(
        RequestBody<PullRequest> body, ImageTransfers transfers, HttpContext http, TimeProvider time, CancellationToken cancellationToken)
    {
        http.SetTarget($"image {body.Value.Image}");
        var format = Formats.ChooseStream(body.Value.Format, http.Request);
        var events = transfers.PullAsync(body.Value, cancellationToken).Numbered(time, cancellationToken).KeepAsync(
            http, format, isKept: e => e is TransferResult, succeeds: e => e is TransferResult { State: StreamOutcome.Succeeded }, cancellationToken);
        return Stream(events, format, time);
    }

    private static StreamResult<TransferEvent> Push(
        RequestBody<PushRequest> body, ImageTransfers transfers, HttpContext http, TimeProvider time, CancellationToken cancellationToken)
    {
        http.SetTarget($"image {body.Value.Image}");
        var format = Formats.ChooseStream(body.Value.Format, http.Request);
        return Stream(transfers.PushAsync(body.Value, cancellationToken).Numbered(time, cancellationToken), format, time);
    }

    private static StreamResult<LoadEvent> Load(
        ArchiveBody<LoadRequest> body, ImageLoad load, HttpContext http, TimeProvider time, CancellationToken cancellationToken)
    {
        http.SetTarget("images of an archive");
        var format = Formats.ChooseStream(body.Value.Format, http.Request);
        var events = load.LoadAsync(body.Value, http, cancellationToken).Numbered(time, cancellationToken).KeepAsync(
            http, format, isKept: e => e is LoadResult, succeeds: e => e is LoadResult { State: StreamOutcome.Succeeded }, cancellationToken);
        return new(events, format)
        {
            Heartbeat = new Heartbeat<LoadEvent>(
                (last, at) => new LoadHeartbeat { Seq = last?.Seq, At = at }, () => Heartbeat<LoadEvent>.DefaultInterval, time),
            Outcome = item => item is LoadResult { Error: { } error } ? $"{error.Code}: {error.Message}" : null,
        };
    }

    private static async Task<Created<ImportedImage>> ImportAsync(
        ArchiveBody<ImportRequest> body, ImageLoad load, EngineDirectory engines, HttpContext http, CancellationToken cancellationToken)
    {
        http.SetTarget($"image {body.Value.Tag?.ToString() ?? "without a name"}");
        var image = await load.ImportAsync(body.Value, http, cancellationToken);
        return await http.CreatedAsync(engines.AddressOf($"/images/{image.Id}", image.Engine), image);
    }

    private static StreamResult<TransferEvent> Stream(IAsyncEnumerable<TransferEvent> events, StreamFormat format, TimeProvider time) =>
        new(events, format)
        {
            Heartbeat = new Heartbeat<TransferEvent>(
                (last, at) => new TransferHeartbeat { Seq = last?.Seq, At = at }, () => Heartbeat<TransferEvent>.DefaultInterval, time),
            Outcome = item => item is TransferResult { Error: { } error } ? $"{error.Code}: {error.Message}" : null,
        };

    private static async Task<Results<Created<CommittedImage>, Ok<CommittedImage>>> CommitAsync(
        RequestBody<CommitRequest> body, ContainerCommit commit, ImageRedactor redactor, EngineDirectory engines, Caller caller, HttpContext http,
        CancellationToken cancellationToken)
    {
        var request = body.Value;
        http.SetTarget($"container {request.Container} as {request.Tag?.ToString() ?? "an image without a name"}");
        if (request.DryRun)
        {
            return TypedResults.Ok(redactor.For(caller, await commit.DryRunAsync(request, cancellationToken)));
        }

        if (request.Stop)
        {
            caller.Require(Scopes.ContainersWrite);
        }

        if (request.Changes.Any(c => c.Contains('$', StringComparison.Ordinal)))
        {
            // The engine expands variables, and labels, user and directory of the image show the values.
            caller.Require(Scopes.ContainersSecrets);
        }

        var image = await commit.CommitAsync(request, cancellationToken);
        return await http.CreatedAsync(engines.AddressOf($"/images/{image.Id}", image.Engine), image);
    }
}
