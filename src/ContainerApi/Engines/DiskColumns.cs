using ContainerApi.Api.Lists;

namespace ContainerApi.Engines;

/// <summary>One kind of object of an <see cref="EngineDisk"/>, as a row.</summary>
/// <param name="Name">The name in JSON.</param>
/// <param name="Title">The name in the table.</param>
internal sealed record DiskRow(string Engine, string Name, string Title, DiskUsage? Usage) : IRow<DiskRow>
{
    public static ColumnSet<DiskRow> Columns { get; } = new("disk",
    [
        new("type", r => r.Name, new(1, "TYPE", (r, _) => r.Title)),
        new("total", r => r.Usage?.Total, new(2, "TOTAL", (r, _) => Count(r.Usage?.Total))),
        new("active", r => r.Usage?.Active, new(3, "ACTIVE", (r, _) => Count(r.Usage?.Active))),
        new("sizeBytes", r => r.Usage?.SizeBytes, new(4, "SIZE", (r, _) => Size(r.Usage?.SizeBytes))),
        new("reclaimableBytes", r => r.Usage?.ReclaimableBytes, new(5, "RECLAIMABLE", (r, _) => Reclaimable(r.Usage))),
    ]);

    public string Id => Name;

    public static IReadOnlyList<DiskRow> Of(EngineDisk disk) =>
    [
        new(disk.Engine, "images", "Images", disk.Images),
        new(disk.Engine, "containers", "Containers", disk.Containers),
        new(disk.Engine, "volumes", "Local Volumes", disk.Volumes),
        new(disk.Engine, "buildCache", "Build Cache", disk.BuildCache),
    ];

    private static string? Count(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string? Size(long? bytes) => bytes is { } known ? HumanText.DecimalSize(known) : null;

    /// <summary>With its part of the size, rounded down as Docker does, where there is a size.</summary>
    private static string? Reclaimable(DiskUsage? usage) =>
        usage is { SizeBytes: > 0 and var size, ReclaimableBytes: { } bytes }
            ? string.Create(CultureInfo.InvariantCulture, $"{HumanText.DecimalSize(bytes)} ({bytes * 100 / size}%)")
            : Size(usage?.ReclaimableBytes);
}
