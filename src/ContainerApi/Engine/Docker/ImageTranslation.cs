using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts an engine's images to facts.</summary>
internal static class ImageTranslation
{
    public static ImageFacts ToImage(ImagesListResponse image) =>
        ToImage(image.ID, image.RepoTags, image.RepoDigests, image.Created, image.Size, image.Labels);

    public static ImageDetails ToDetails(InspectedImage image, IEnumerable<ImageHistoryResponse> history) => new()
    {
        Summary = ToImage(image.Id, image.RepoTags, image.RepoDigests, image.Created, image.Size, image.Config?.Labels),
        Comment = image.Comment.NullIfEmpty(),
        Author = image.Author.NullIfEmpty(),
        Os = image.Os.NullIfEmpty(),
        Architecture = image.Architecture.NullIfEmpty(),
        Variant = image.Variant.NullIfEmpty(),
        Command = image.Config?.Cmd is { Count: > 0 } command ? command.WithoutNulls() : null,
        Entrypoint = image.Config?.Entrypoint is { Count: > 0 } entrypoint ? entrypoint.WithoutNulls() : null,
        Environment = (image.Config?.Env).ToVariables(),
        ExposedPorts = [.. image.Config?.ExposedPorts?.Keys ?? []],
        Volumes = [.. image.Config?.Volumes?.Keys ?? []],
        WorkingDirectory = image.Config?.WorkingDir.NullIfEmpty(),
        User = image.Config?.User.NullIfEmpty(),
        Layers = image.RootFS?.Layers.WithoutNulls() ?? [],
        Digest = image.Descriptor?.Digest.NullIfEmpty(),
        Platforms = ToPlatforms(image),
        Attestations = image.Manifests is null ? null : ToAttestations(image.Manifests.WithoutNulls()),
        History =
        [
            .. history.Select(h => new ImageHistoryFacts(
                h.ID is "" or "<missing>" ? null : h.ID, ToTime(h.Created), h.CreatedBy ?? "", WithoutNone(h.Tags), ToSize(h.Size),
                h.Comment.NullIfEmpty())),
        ],
    };

    /// <summary>
    /// A store of graph drivers has images of one platform. The containerd image store may have more; before API 1.48 only its
    /// repository digest shows that store: it is the image's id.
    /// </summary>
    private static IReadOnlyList<string>? ToPlatforms(InspectedImage image) =>
        image.Manifests is { } manifests
            ? [.. manifests.WithoutNulls().Where(m => m.Available).Select(m => ToPlatform(m.ImageData?.Platform)).OfType<string>().Distinct()]
        : image.Descriptor is not null || WithoutNone(image.RepoDigests).Any(d => d.EndsWith("@" + image.Id, StringComparison.Ordinal)) ? null
        : ToPlatform(new InspectedPlatform(image.Os, image.Architecture, image.Variant)) is { } only ? [only]
        : null;

    private static IReadOnlyDictionary<string, string> ToAttestations(IReadOnlyList<InspectedManifest> manifests) => manifests
        .Where(m => m.AttestationData is not null)
        .Select(m => (Platform: ToPlatform(manifests.FirstOrDefault(i => i.Id == m.AttestationData!.For)?.ImageData?.Platform), m.Id))
        .Where(a => a is { Platform: not null, Id: not null })
        .DistinctBy(a => a.Platform)
        .ToDictionary(a => a.Platform!, a => a.Id!);

    private static string? ToPlatform(InspectedPlatform? platform) =>
        platform is { Os: { Length: > 0 } os, Architecture: { Length: > 0 } architecture }
            ? $"{os}/{architecture}{(string.IsNullOrEmpty(platform.Variant) ? "" : "/" + platform.Variant)}"
            : null;

    private static ImageFacts ToImage(
        string? id, IEnumerable<string>? tags, IEnumerable<string>? digests, DateTime? created, long size,
        IEnumerable<KeyValuePair<string, string>>? labels) =>
        new()
        {
            Id = id.NullIfEmpty().Required(),
            Tags = WithoutNone(tags),
            Digests = WithoutNone(digests),
            CreatedAt = ToTime(created),
            SizeBytes = ToSize(size),
            Labels = labels.WithoutNulls(),
        };

    /// <summary>Engines return <c>&lt;none&gt;:&lt;none&gt;</c> for an image without a name.</summary>
    private static IReadOnlyList<string> WithoutNone(IEnumerable<string>? references) =>
        [.. references.WithoutNulls().Where(r => !r.Contains("<none>", StringComparison.Ordinal))];

    private static long ToSize(long bytes) => bytes >= 0 ? bytes : throw new JsonException("A negative size.");

    /// <summary>Engines return the year 1 for an unknown time. Reproducible builds have 1970.</summary>
    private static DateTimeOffset? ToTime(DateTime? time) =>
        time is { Year: > 1 } known ? new DateTimeOffset(DateTime.SpecifyKind(known.ToUniversalTime(), DateTimeKind.Utc)) : null;
}
