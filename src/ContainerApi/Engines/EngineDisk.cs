namespace ContainerApi.Engines;

/// <summary>The disk usage of an engine, as <c>docker system df</c> shows it.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="ReadAt">When the engine began to calculate.</param>
/// <param name="Images">Images; layers that several images share count once.</param>
/// <param name="Containers">Containers: the files that they wrote. A caller with labels gets only the counts, of its containers.</param>
/// <param name="Volumes">Volumes; null for a caller with labels.</param>
/// <param name="BuildCache">The build cache, without records that are layers of images; null for a caller with labels.</param>
public sealed record EngineDisk(
    string Engine, DateTimeOffset ReadAt, DiskUsage? Images, DiskUsage? Containers, DiskUsage? Volumes, DiskUsage? BuildCache);

/// <summary>The disk usage of one kind of object.</summary>
/// <param name="Total">The number of objects.</param>
/// <param name="Active">Those in use: images with a container, running containers, volumes of a container, records of a running build; null if
/// unknown, and for the images of a caller with labels.</param>
/// <param name="SizeBytes">Bytes on the engine's disk; null if unknown.</param>
/// <param name="ReclaimableBytes">Bytes that are not in use; null if unknown.</param>
public sealed record DiskUsage(int Total, int? Active, long? SizeBytes, long? ReclaimableBytes);
