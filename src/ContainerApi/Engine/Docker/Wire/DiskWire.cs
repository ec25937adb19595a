using System.Text.Json.Serialization;

namespace ContainerApi.Engine.Docker.Wire;

/// <summary>JSON of the disk usage, of a prune and of an image in its registry. API 1.52 sums up itself, older engines return the objects.</summary>
[JsonSerializable(typeof(WireDisk))]
[JsonSerializable(typeof(WirePrune))]
[JsonSerializable(typeof(WireDistribution))]
internal sealed partial class DiskWire : JsonSerializerContext;

internal sealed record WireDisk
{
    public long? LayersSize { get; init; }
    public IReadOnlyList<WireDiskImage>? Images { get; init; }
    public IReadOnlyList<WireDiskContainer>? Containers { get; init; }
    public IReadOnlyList<WireDiskVolume>? Volumes { get; init; }
    public IReadOnlyList<WireDiskCache>? BuildCache { get; init; }

    public WireDiskUsage<WireDiskImage>? ImageUsage { get; init; }
    public WireDiskUsage<JsonElement>? ContainerUsage { get; init; }
    public WireDiskUsage<JsonElement>? VolumeUsage { get; init; }
    public WireDiskUsage<JsonElement>? BuildCacheUsage { get; init; }
}

internal sealed record WireDiskUsage<T>(int ActiveCount, int TotalCount, long Reclaimable, long TotalSize, IReadOnlyList<T>? Items);

/// <summary>Sizes of -1 are unknown.</summary>
internal sealed record WireDiskImage(string? Id, int Containers, long Size, long SharedSize);

internal sealed record WireDiskContainer(string? State, long SizeRw);

internal sealed record WireDiskVolume(WireVolumeUsage? UsageData);

internal sealed record WireVolumeUsage(long Size, long RefCount);

internal sealed record WireDiskCache(long Size, bool InUse, bool Shared);

internal sealed record WireDistribution(WireDescriptor? Descriptor);

internal sealed record WireDescriptor([property: JsonPropertyName("digest")] string? Digest);

internal sealed record WirePrune(IReadOnlyList<WirePrunedImage>? ImagesDeleted, long SpaceReclaimed);

internal sealed record WirePrunedImage(string? Untagged, string? Deleted);
