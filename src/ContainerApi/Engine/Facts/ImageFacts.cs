namespace ContainerApi.Engine.Facts;

/// <summary>One row of the engine's image list.</summary>
internal sealed record ImageFacts
{
    /// <summary><c>sha256:</c> and 64 hex digits.</summary>
    public required string Id { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    public IReadOnlyList<string> Digests { get; init; } = [];
    public required DateTimeOffset? CreatedAt { get; init; }
    public required long SizeBytes { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>An image in full, with the history of its layers, newest first.</summary>
internal sealed record ImageDetails
{
    public required ImageFacts Summary { get; init; }
    public string? Comment { get; init; }
    public string? Author { get; init; }
    public string? Os { get; init; }
    public string? Architecture { get; init; }
    public string? Variant { get; init; }
    public IReadOnlyList<string>? Command { get; init; }
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<string> ExposedPorts { get; init; } = [];
    public IReadOnlyList<string> Volumes { get; init; } = [];
    public string? WorkingDirectory { get; init; }
    public string? User { get; init; }
    public IReadOnlyList<string> Layers { get; init; } = [];
    public IReadOnlyList<ImageHistoryFacts> History { get; init; } = [];

    /// <summary>The digest of the manifest or the index; null in a store of graph drivers, which has none, and before API 1.48.</summary>
    public string? Digest { get; init; }

    /// <summary>The platforms that the engine has the image for, as in <c>linux/arm64/v8</c>; null if unknown.</summary>
    public IReadOnlyList<string>? Platforms { get; init; }

    /// <summary>The digests of manifests with attestations, by platform; null if unknown.</summary>
    public IReadOnlyDictionary<string, string>? Attestations { get; init; }
}

internal sealed record ImageHistoryFacts(
    string? Id, DateTimeOffset? CreatedAt, string CreatedBy, IReadOnlyList<string> Tags, long SizeBytes, string? Comment);

/// <summary>The removed tags and deleted layers of an image.</summary>
internal sealed record RemovedImage(IReadOnlyList<string> Untagged, IReadOnlyList<string> Deleted);

/// <summary>One message of a pull, a push or a load: the state of one layer or of the whole transfer.</summary>
/// <param name="Layer">The layer's short id; null for the whole transfer.</param>
/// <param name="Digest">The digest of the transferred image, in one message only.</param>
internal sealed record TransferFacts(string? Layer, string Status, long? Current, long? Total, string? Digest = null)
{
    /// <summary>The name or the id of an image that was loaded.</summary>
    public string? Image { get; init; }
}

/// <summary>An image to create from the archive of a file system.</summary>
/// <param name="Changes">Dockerfile instructions.</param>
internal sealed record ImportSpec(ImageName? Tag, string? Message, string? Platform, IReadOnlyList<string> Changes);
