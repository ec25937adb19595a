using System.Diagnostics.CodeAnalysis;

namespace ContainerApi.Engine.Facts;

/// <summary>A name to give to an image: a reference without a digest.</summary>
/// <param name="Repository">The host and the path, as written: <c>localhost:5000/team/app</c>.</param>
/// <param name="Tag"><c>latest</c> if the text has none.</param>
internal sealed record ImageName(string Repository, string Tag) : IParameterValue<ImageName>
{
    public static string Expected =>
        "must be a name for an image, as in app:v1 or registry:5000/team/app:v1: lower case, no digest, no IPv6 address.";

    public static bool TryParse(string text, [NotNullWhen(true)] out ImageName? value)
    {
        // Engine 20.10 creates an image with a name whose host is an IPv6 address and only then rejects the name.
        value = ImageReference.TryParse(text, out var reference) && reference.Digest is null && !reference.HasIpv6Host
            ? new ImageName(reference.Repository, reference.Tag ?? "latest")
            : null;
        return value is not null;
    }

    public override string ToString() => $"{Repository}:{Tag}";
}
