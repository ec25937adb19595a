namespace ContainerApi.Images;

/// <summary>Converts an engine's facts about an image to the contract.</summary>
internal static class ImageProjection
{
    /// <param name="containers">The number of containers by image id; null if unknown.</param>
    public static ImageSummary ToSummary(string engine, ImageFacts image, IReadOnlyDictionary<string, int>? containers) => new(
        engine, image.Id, new ShortId(image.Id).ToString(), image.Tags, image.Digests, image.CreatedAt, image.SizeBytes, image.Labels,
        containers?.GetValueOrDefault(image.Id));

    /// <inheritdoc cref="ToSummary"/>
    public static ImageInspection ToInspection(string engine, ImageDetails image, IReadOnlyDictionary<string, int>? containers)
    {
        var (_, id, shortId, tags, digests, createdAt, sizeBytes, labels, used) = ToSummary(engine, image.Summary, containers);
        return new ImageInspection(
            engine, id, shortId, tags, digests, createdAt, sizeBytes, labels, used,
            image.Comment, image.Author, image.Os, image.Architecture, image.Variant, image.Command, image.Entrypoint, image.Environment,
            image.ExposedPorts, image.Volumes, image.WorkingDirectory, image.User, image.Layers,
            [.. image.History.Select(h => new ImageHistoryEntry(h.Id, h.CreatedAt, h.CreatedBy, h.Tags, h.SizeBytes, h.Comment))],
            image.Digest, image.Platforms, image.Attestations);
    }
}
