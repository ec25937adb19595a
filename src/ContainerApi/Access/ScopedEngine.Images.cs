namespace ContainerApi.Access;

/// <summary>Calls about images, which are not limited.</summary>
internal sealed partial class ScopedEngine
{
    public Task<IReadOnlyList<ImageFacts>> ListImagesAsync(
        IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken cancellationToken) =>
        engine.ListImagesAsync(filters, cancellationToken);

    public Task<ImageDetails> InspectImageAsync(ImageNameOrId image, CancellationToken cancellationToken) =>
        engine.InspectImageAsync(image, cancellationToken);

    public Task TagImageAsync(ImageNameOrId image, ImageName tag, CancellationToken cancellationToken) =>
        engine.TagImageAsync(image, tag, cancellationToken);

    public Task<RemovedImage> RemoveImageAsync(ImageNameOrId image, bool force, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.RemoveImageAsync(image, force, cancellationToken));

    public IAsyncEnumerable<TransferFacts> PullImageAsync(
        ImageReference image, string? platform, RegistryCredentials? credentials, CancellationToken cancellationToken) =>
        engine.PullImageAsync(image, platform, credentials, cancellationToken);

    public IAsyncEnumerable<TransferFacts> PushImageAsync(ImageName image, RegistryCredentials? credentials, CancellationToken cancellationToken) =>
        engine.PushImageAsync(image, credentials, cancellationToken);

    public Task<string> ReadRegistryDigestAsync(ImageReference image, RegistryCredentials? credentials, CancellationToken cancellationToken) =>
        engine.ReadRegistryDigestAsync(image, credentials, cancellationToken);

    /// <summary>Removes images with the labels of the caller only. The others may be those of anybody.</summary>
    public Task<PrunedImages> PruneImagesAsync(ImagePruneFilter filter, CancellationToken cancellationToken) => visibility.Labels is []
        ? Task.FromResult(new PrunedImages([], [], 0))
        : engine.PruneImagesAsync(filter with { Labels = [.. filter.Labels, .. visibility.Labels ?? []] }, cancellationToken);

    /// <summary>
    /// Replaces the counts of containers, and hides volumes and the build cache, which have no owner, and which images are in use, because
    /// invisible containers use them, too.
    /// </summary>
    public async Task<DiskFacts> ReadDiskAsync(bool withImages, CancellationToken cancellationToken)
    {
        var disk = await engine.ReadDiskAsync(withImages, cancellationToken);
        var visible = await ListContainersAsync(new ContainerFilter(All: true), cancellationToken);
        var active = visible.Count(c => c.State is ContainerStates.Running or ContainerStates.Paused or ContainerStates.Restarting);
        return disk with
        {
            Images = disk.Images is { } images ? images with { Active = null, ReclaimableBytes = null } : null,
            Containers = new DiskUsageFacts(visible.Count, active, null, null),
            Volumes = null,
            BuildCache = null,
            ImageList = CountVisible(disk.ImageList, visible),
        };
    }

    /// <summary>Counts visible containers only: otherwise the images that a prune would remove show what invisible containers use.</summary>
    private static Dictionary<string, DiskImage> CountVisible(
        IReadOnlyDictionary<string, DiskImage> images, IReadOnlyList<ContainerFacts> visible)
    {
        var counts = visible.CountBy(c => c.ImageId).ToDictionary();
        return images.ToDictionary(i => i.Key, i => i.Value with { Containers = counts.GetValueOrDefault(i.Key) });
    }

    public Task<Stream> SaveImagesAsync(IReadOnlyList<ImageNameOrId> images, CancellationToken cancellationToken) =>
        engine.SaveImagesAsync(images, cancellationToken);

    public IAsyncEnumerable<TransferFacts> LoadImagesAsync(Stream archive, CancellationToken cancellationToken) =>
        engine.LoadImagesAsync(archive, cancellationToken);

    public Task<string> ImportImageAsync(ImportSpec spec, Stream archive, CancellationToken cancellationToken) =>
        engine.ImportImageAsync(spec, archive, cancellationToken);
}
