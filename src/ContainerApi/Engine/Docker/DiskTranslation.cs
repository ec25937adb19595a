using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts an engine's disk usage to facts. Sums up as docker's command line does.</summary>
internal static class DiskTranslation
{
    public static DiskFacts ToDisk(WireDisk disk) => new(
        Usage(disk.ImageUsage) ?? (disk.Images is { } images ? Images(images, disk.LayersSize) : null),
        Usage(disk.ContainerUsage) ?? (disk.Containers is { } containers ? Containers(containers) : null),
        Usage(disk.VolumeUsage) ?? (disk.Volumes is { } volumes ? Volumes(volumes) : null),
        // Engine 20.10 returns null for an empty cache.
        Usage(disk.BuildCacheUsage) ?? (disk.ImageUsage is null ? Cache(disk.BuildCache ?? []) : null))
    {
        ImageList = (disk.ImageUsage?.Items ?? disk.Images ?? []).Where(i => i.Id is not null).DistinctBy(i => i.Id).ToDictionary(
            i => i.Id!, i => new DiskImage(i.Containers, Unique(i))),
    };

    public static PrunedImages ToPruned(WirePrune pruned) => new(
        [.. (pruned.ImagesDeleted ?? []).Select(i => i.Untagged).OfType<string>()],
        [.. (pruned.ImagesDeleted ?? []).Select(i => i.Deleted).OfType<string>()],
        pruned.SpaceReclaimed);

    private static DiskUsageFacts? Usage<T>(WireDiskUsage<T>? usage) =>
        usage is null ? null : new(usage.TotalCount, usage.ActiveCount, usage.TotalSize, usage.Reclaimable);

    /// <summary>Layers count once. What only unused images have is reclaimable, and what images share.</summary>
    private static DiskUsageFacts Images(IReadOnlyList<WireDiskImage> images, long? layers)
    {
        var used = images.Where(i => i.Containers > 0).ToList();
        return new(images.Count, used.Count, layers, used.TrueForAll(i => Unique(i) is not null) ? layers - used.Sum(i => Unique(i)!.Value) : null);
    }

    private static long? Unique(WireDiskImage image) => image is { Size: >= 0, SharedSize: >= 0 } ? image.Size - image.SharedSize : null;

    private static DiskUsageFacts Containers(IReadOnlyList<WireDiskContainer> containers)
    {
        var active = containers.Where(c => c.State is "running" or "paused" or "restarting").ToList();
        var size = containers.Sum(c => c.SizeRw);
        return new(containers.Count, active.Count, size, size - active.Sum(c => c.SizeRw));
    }

    private static DiskUsageFacts Volumes(IReadOnlyList<WireDiskVolume> volumes)
    {
        var known = volumes.Select(v => v.UsageData).OfType<WireVolumeUsage>().Where(u => u.Size >= 0).ToList();
        return new(
            volumes.Count, volumes.Count(v => v.UsageData?.RefCount > 0), known.Sum(u => u.Size), known.Where(u => u.RefCount == 0).Sum(u => u.Size));
    }

    private static DiskUsageFacts Cache(IReadOnlyList<WireDiskCache> records)
    {
        // A shared record is a layer of an image.
        var own = records.Where(r => !r.Shared).ToList();
        return new(records.Count, records.Count(r => r.InUse), own.Sum(r => r.Size), own.Where(r => !r.InUse).Sum(r => r.Size));
    }
}
