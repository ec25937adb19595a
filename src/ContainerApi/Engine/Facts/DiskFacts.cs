namespace ContainerApi.Engine.Facts;

/// <summary>The disk usage of an engine by kind of object; null where the engine or its visibility says nothing.</summary>
internal sealed record DiskFacts(DiskUsageFacts? Images, DiskUsageFacts? Containers, DiskUsageFacts? Volumes, DiskUsageFacts? BuildCache)
{
    /// <summary>The images by id.</summary>
    public IReadOnlyDictionary<string, DiskImage> ImageList { get; init; } = new Dictionary<string, DiskImage>();
}

/// <param name="Active">The number of objects in use.</param>
/// <param name="ReclaimableBytes">Bytes of objects that are not in use.</param>
internal sealed record DiskUsageFacts(int Total, int? Active, long? SizeBytes, long? ReclaimableBytes);

/// <param name="Containers">The number of containers that use the image.</param>
/// <param name="UniqueBytes">Bytes that no other image shares; null if the engine did not compute them.</param>
internal sealed record DiskImage(int Containers, long? UniqueBytes);

/// <summary>Which images to remove.</summary>
/// <param name="Dangling">Whether only images without a name are removed.</param>
/// <param name="Before">Only images that were created before this time.</param>
/// <param name="Labels"><c>name</c> or <c>name=value</c>, all of which an image has.</param>
internal sealed record ImagePruneFilter(bool Dangling, DateTimeOffset? Before, IReadOnlyList<string> Labels);

/// <param name="FreedBytes">The bytes that the engine freed.</param>
internal sealed record PrunedImages(IReadOnlyList<string> Untagged, IReadOnlyList<string> Deleted, long FreedBytes);
