
namespace ContainerApi.Images;

/// <summary>Pure: what an engine said of an image, as the contract shows it.</summary>
internal static class ImageProjection
{

    /// <param name="containers">How many containers use each image, by image id; null where that is not known.</param>
    public static ImageSummary ToSummary(string engine, ImageFacts image, IReadOnlyDictionary<string, int>? containers) => new()
    {
        Engine = engine,
        Id = image.Id,
        ShortId = new ShortId(image.Id).ToString(),
        Tags = image.Tags,
        Digests = image.Digests,
        CreatedAt = image.CreatedAt,
        SizeBytes = image.SizeBytes,
        Labels = image.Labels,
        Containers = containers?.GetValueOrDefault(image.Id),
    };

    public static ImageInspection ToInspection(string engine, ImageDetails image, IReadOnlyDictionary<string, int>? containers) => new()
    {
        Engine = engine,
        Id = image.Summary.Id,
        ShortId = new ShortId(image.Summary.Id).ToString(),
        Tags = image.Summary.Tags,
        Digests = image.Summary.Digests,
        CreatedAt = image.Summary.CreatedAt,
        SizeBytes = image.Summary.SizeBytes,
        Labels = image.Summary.Labels,
        Containers = containers?.GetValueOrDefault(image.Summary.Id),
        Comment = image.Comment,
        Author = image.Author,
        Os = image.Os,
        Architecture = image.Architecture,
        Variant = image.Variant,
        Command = image.Command,
        Entrypoint = image.Entrypoint,
        Environment = image.Environment,
        ExposedPorts = image.ExposedPorts,
        Volumes = image.Volumes,
        WorkingDirectory = image.WorkingDirectory,
        User = image.User,
        Layers = image.Layers,
        History = [.. image.History.Select(h => new ImageHistoryEntry(h.Id, h.CreatedAt, h.CreatedBy, h.Tags, h.SizeBytes, h.Comment))],
    };

    /// <summary>Images by id with how many of <paramref name="containers"/> were made from each.</summary>
    public static IReadOnlyDictionary<string, int> CountByImage(IEnumerable<ContainerFacts> containers) =>
        containers.CountBy(c => c.ImageId).ToDictionary();
}
