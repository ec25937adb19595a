namespace ContainerApi.Engine.Facts;

/// <summary>A name to give to an image, or to push it with: a reference without a digest.</summary>
/// <param name="Repository">The host and the path, as written: <c>localhost:5000/team/app</c>.</param>
/// <param name="Tag"><c>latest</c> if the text has none.</param>
internal sealed record ImageName(string Repository, string Tag) : IParameterValue<ImageName>
{
    public static string Expected => "must be a name for an image, as in app:v1 or registry:5000/team/app:v1: lower case, no digest.";

    /// <summary>The host of the registry.</summary>
    public string Registry => ImageReference.RegistryOf(Repository);

    /// <summary>Whether the host is an IPv6 address. Engine 20.10 rejects such a name only after it committed the image.</summary>
    public bool HasIpv6Host => Repository.StartsWith('[');

    public static bool TryParse(string? text, [NotNullWhen(true)] out ImageName? value)
    {
        value = ImageReference.TryParse(text, out var reference) && reference.Digest is null
            ? new ImageName(reference.Repository, reference.Tag ?? "latest")
            : null;
        return value is not null;
    }

    public ImageNameOrId ToNameOrId() => new ImageReference(Repository, Tag, null).ToNameOrId();

    public override string ToString() => $"{Repository}:{Tag}";
}
