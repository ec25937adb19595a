using System.Text.Json.Serialization;

namespace ContainerApi.Engine.Docker.Wire;

/// <summary>An image as <c>GET /images/NAME/json</c> returns it.</summary>
internal sealed record InspectedImage
{
    public string? Id { get; init; }
    public IReadOnlyList<string>? RepoTags { get; init; }
    public IReadOnlyList<string>? RepoDigests { get; init; }
    public string? Comment { get; init; }
    public DateTime? Created { get; init; }
    public string? Author { get; init; }
    public InspectedImageConfig? Config { get; init; }
    public string? Architecture { get; init; }
    public string? Variant { get; init; }
    public string? Os { get; init; }
    public long Size { get; init; }
    public InspectedLayers? RootFS { get; init; }

    /// <summary>Since API 1.48, and only in the containerd image store.</summary>
    public InspectedDescriptor? Descriptor { get; init; }

    /// <inheritdoc cref="Descriptor"/>
    public IReadOnlyList<InspectedManifest>? Manifests { get; init; }
}

internal sealed record InspectedImageConfig
{
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyList<string>? Cmd { get; init; }
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public IReadOnlyList<string>? Env { get; init; }
    public IReadOnlyDictionary<string, object?>? ExposedPorts { get; init; }
    public IReadOnlyDictionary<string, object?>? Volumes { get; init; }
    public string? WorkingDir { get; init; }
    public string? User { get; init; }
}

internal sealed record InspectedLayers(IReadOnlyList<string>? Layers);

internal sealed record InspectedDescriptor([property: JsonPropertyName("digest")] string? Digest);

/// <summary>One manifest of an image: of a platform, with attestations, or unknown.</summary>
internal sealed record InspectedManifest(
    [property: JsonPropertyName("ID")] string? Id, bool Available, InspectedImageData? ImageData, InspectedAttestationData? AttestationData);

internal sealed record InspectedImageData(InspectedPlatform? Platform);

internal sealed record InspectedAttestationData(string? For);

internal sealed record InspectedPlatform(
    [property: JsonPropertyName("os")] string? Os,
    [property: JsonPropertyName("architecture")] string? Architecture,
    [property: JsonPropertyName("variant")] string? Variant);
