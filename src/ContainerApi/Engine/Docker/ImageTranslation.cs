using ContainerApi.Engine.Docker.Wire;
using Docker.DotNet.Models;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts an engine's images to facts.</summary>
internal static class ImageTranslation
{
    public static ImageFacts ToImage(ImagesListResponse image) =>
        ToImage(image.ID, image.RepoTags, image.RepoDigests, image.Created, image.Size, image.Labels);

    public static ImageDetails ToDetails(ImageInspectResponse image, IEnumerable<ImageHistoryResponse> history) => new()
    {
        Summary = ToImage(image.ID, image.RepoTags, image.RepoDigests, image.Created, image.Size, image.Config?.Labels),
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
        History =
        [
            .. history.Select(h => new ImageHistoryFacts(
                h.ID is "" or "<missing>" ? null : h.ID, ToTime(h.Created), h.CreatedBy ?? "", WithoutNone(h.Tags), ToSize(h.Size),
                h.Comment.NullIfEmpty())),
        ],
    };

    private static ImageFacts ToImage(
        string id, IEnumerable<string>? tags, IEnumerable<string>? digests, DateTime? created, long size, IDictionary<string, string>? labels) =>
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
