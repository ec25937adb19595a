using System.Runtime.CompilerServices;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>Loads the images of an uploaded archive, and creates an image from the archive of a file system.</summary>
internal sealed partial class ImageLoad(
    EngineDirectory engines, ArchiveLimit limit, ArchiveUploads uploads, TimeProvider time, ILogger<ImageLoad> logger)
{
    /// <summary>The ids of more images are not looked up.</summary>
    private const int MaxImages = 1000;

    /// <exception cref="ApiException">The archive is invalid: nothing was loaded.</exception>
    /// <exception cref="EngineException">The engine failed before the first line; a later failure is in the result.</exception>
    public async IAsyncEnumerable<LoadEvent> LoadAsync(
        LoadRequest request, HttpContext http, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var upload = uploads.Begin(http.GetClient());
        var engine = engines.ForWrite(request.Engine);
        await using var archive = new UploadedArchive(http.Request.Body, limit.Bytes, new ImageArchiveRules(isImage: true));
        var load = new ImageTransfer(engine.LoadImagesAsync(archive, cancellationToken), archive);
        var loaded = new List<string>();
        await foreach (var fact in load.ReadAsync(cancellationToken))
        {
            if (fact.Image is { } image && loaded.Count < MaxImages)
            {
                loaded.Add(image);
            }

            yield return new LoadProgress(fact.Layer, fact.Status, fact.Current, fact.Total);
        }

        if (load.Error is { } error)
        {
            Log.Failed(logger, engine.Name, error.Code, error.Message);
        }

        var images = new List<LoadedImage>();
        foreach (var name in loaded)
        {
            images.Add(await FindAsync(engine, name, cancellationToken));
        }

        http.SetTarget($"images {string.Join(", ", loaded)}");
        yield return new LoadResult(load.State, engine.Name, images, (long)time.GetElapsedTime(started).TotalMilliseconds, load.Error);
    }

    /// <exception cref="ApiException">The archive is invalid: nothing was created.</exception>
    /// <exception cref="EngineException">The engine failed, or it cannot set the platform.</exception>
    public async Task<ImportedImage> ImportAsync(ImportRequest request, HttpContext http, CancellationToken cancellationToken)
    {
        using var upload = uploads.Begin(http.GetClient());
        var engine = engines.ForWrite(request.Engine);
        var capabilities = engine.Capabilities ?? await engine.PingAsync(cancellationToken);
        if (request.Platform is not null && capabilities.ImportPlatformUnavailableReason is { } reason)
        {
            throw new EngineException(ErrorCode.FeatureUnsupported, engine.Name, reason);
        }

        await using var archive = new UploadedArchive(http.Request.Body, limit.Bytes, new ImageArchiveRules(isImage: false));
        var spec = new ImportSpec(request.Tag, request.Message, request.Platform, request.Changes);
        var id = await archive.GuardAsync(() => engine.ImportImageAsync(spec, archive, cancellationToken));
        var image = await engine.InspectImageAsync(new ImageNameOrId(id), cancellationToken);
        return new ImportedImage(engine.Name, id, image.Summary.Tags, image.Summary.CreatedAt);
    }

    /// <summary>An id stands for an image without a name.</summary>
    private static async Task<LoadedImage> FindAsync(IEngine engine, string loaded, CancellationToken cancellationToken)
    {
        var name = loaded.StartsWith("sha256:", StringComparison.Ordinal) ? null : loaded;
        try
        {
            return new LoadedImage(name, ImageNameOrId.TryParse(loaded, out var reference)
                ? (await engine.InspectImageAsync(reference, cancellationToken)).Summary.Id
                : null);
        }
        catch (EngineException)
        {
            return new LoadedImage(name, name is null ? loaded : null);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Load of images on {Engine} failed: {Code}: {Reason}")]
        public static partial void Failed(ILogger logger, string engine, string code, string reason);
    }
}
