using ContainerApi.Api.Lists;

namespace ContainerApi.Images;

/// <summary>The columns of the images.</summary>
internal static class ImageColumns
{
    public static readonly ColumnSet<ImageSummary> Set = new("image",
    [
        new("engine", i => i.Engine, new(1, "ENGINE", (i, _) => i.Engine)),
        new("id", i => i.Id),
        new("shortId", i => i.ShortId, new(3, "IMAGE ID", (i, _) => i.ShortId)),
        new("tags", i => i.Tags, new(2, "TAGS", (i, _) => i.Tags.Count > 0 ? string.Join(',', i.Tags) : null)),
        new("digests", i => i.Digests),
        new("createdAt", i => i.CreatedAt, new(4, "CREATED", (i, now) => i.CreatedAt is { } at ? HumanText.Ago(now - at) + " ago" : null)),
        new("sizeBytes", i => i.SizeBytes, new(5, "SIZE", (i, _) => HumanText.DecimalSize(i.SizeBytes))),
        new("labels", i => i.Labels),
        new("containers", i => i.Containers, new(6, "CONTAINERS", (i, _) => i.Containers?.ToString(CultureInfo.InvariantCulture))),
        new("updates", i => i.Updates, new(7, "UPDATE", (i, _) => UpdateOf(i.Updates))),
    ]);

    private static string? UpdateOf(IReadOnlyList<ImageUpdate>? updates) => updates is null || !updates.Any(u => u.Available is not null) ? null
        : string.Join(',', updates.Where(u => u.Available == true).Select(u => u.Tag)) is { Length: > 0 } tags ? tags : "no";
}
