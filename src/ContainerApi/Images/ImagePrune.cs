using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>The body of <c>POST /images/prune</c>.</summary>
internal sealed record PruneRequest(
    [Parameter("Whether to remove only images without a name (true), or also those with a name (false).", Default = "true")]
    bool Dangling,
    [Parameter("Only images that were created at least this long ago: engines do not record when an image was used.", Min = 0, Max = 999_999_999,
        Example = "24h")]
    TimeSpan? UnusedFor,
    [Parameter("`key` or `key=value`; an image must have all of them. Needs `containers:secrets`, because labels can be redacted.",
        Pattern = @"[^=][\s\S]{0,4095}", Expected = "must be key or key=value.", IsObject = true)]
    IReadOnlyList<string> Labels,
    [Parameter("Whether to return only what would be removed.", Default = "false")]
    bool DryRun,
    [Parameter(EngineName.OfWrite, CanBeInQuery = true)]
    EngineName? Engine);

/// <summary>The images that were removed, or would be.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="DryRun">Whether nothing was removed.</param>
/// <param name="Images">The images.</param>
/// <param name="Untagged">The removed names.</param>
/// <param name="Deleted">The ids of the removed images and layers; with <c>dryRun</c> those of the images.</param>
/// <param name="FreedBytes">The freed bytes. With <c>dryRun</c> at least these: layers that several removed images share are not counted. Null if
/// unknown.</param>
public sealed record ImagePruneResult(
    string Engine, bool DryRun, IReadOnlyList<PrunedImage> Images, IReadOnlyList<string> Untagged, IReadOnlyList<string> Deleted,
    long? FreedBytes);

/// <summary>An image that was removed, or would be.</summary>
/// <param name="Id"><c>sha256:</c> and 64 hex digits.</param>
/// <param name="Tags">The names; empty for a dangling image.</param>
/// <param name="CreatedAt">The creation time; null if the image does not say.</param>
/// <param name="SizeBytes">Bytes of the image, including layers that other images share.</param>
public sealed record PrunedImage(string Id, IReadOnlyList<string> Tags, DateTimeOffset? CreatedAt, long SizeBytes);

/// <summary>Removes images that no container uses.</summary>
internal sealed class ImagePrune(EngineDirectory engines, Caller caller, TimeProvider time)
{
    /// <exception cref="EngineException">The engine failed, or removes images already.</exception>
    public async Task<ImagePruneResult> RunAsync(PruneRequest request, HttpContext http, CancellationToken cancellationToken)
    {
        if (request.Labels.Count > 0)
        {
            // The engine compares labels with values that are redacted without this scope.
            caller.Require(Scopes.ContainersSecrets);
        }

        http.SetTarget(request.DryRun ? "images (dry run)" : "images");
        var engine = engines.ForWrite(request.Engine);
        var before = request.UnusedFor is { } age ? time.GetUtcNow() - age : (DateTimeOffset?)null;
        var listed = (await engine.ListImagesAsync(ToFilters(request), cancellationToken))
            .Where(i => (before is null || i.CreatedAt < before) && caller.Visibility.IncludesContainer(i.Labels)).ToList();
        if (request.DryRun)
        {
            var disk = await engine.ReadDiskAsync(withImages: true, cancellationToken);
            var unused = listed.Where(i => disk.ImageList.GetValueOrDefault(i.Id)?.Containers == 0).ToList();
            var sizes = unused.Select(i => disk.ImageList[i.Id].UniqueBytes).ToList();
            return new(
                engine.Name, DryRun: true, [.. unused.Select(Project)], [.. unused.SelectMany(i => i.Tags)], [.. unused.Select(i => i.Id)],
                sizes.Contains(null) ? null : sizes.Sum());
        }

        // The engine decides which images are in use, so that none is removed that a container began to use meanwhile.
        var pruned = await engine.PruneImagesAsync(new ImagePruneFilter(request.Dangling, before, request.Labels), cancellationToken);
        var removed = listed.IntersectBy(pruned.Deleted, i => i.Id).ToList();
        if (removed.Count > 0)
        {
            http.SetTargets([.. removed.Select(i => $"image {i.Id} ({(i.Tags.Count > 0 ? string.Join(", ", i.Tags) : "no name")})")]);
        }

        return new(engine.Name, DryRun: false, [.. removed.Select(Project)], pruned.Untagged, pruned.Deleted, pruned.FreedBytes);
    }

    private static PrunedImage Project(ImageFacts image) => new(image.Id, image.Tags, image.CreatedAt, image.SizeBytes);

    private static Dictionary<string, IReadOnlyList<string>>? ToFilters(PruneRequest request)
    {
        var filters = new Dictionary<string, IReadOnlyList<string>>();
        if (request.Dangling)
        {
            filters["dangling"] = ["true"];
        }

        if (request.Labels.Count > 0)
        {
            filters["label"] = request.Labels;
        }

        return filters.Count > 0 ? filters : null;
    }
}
