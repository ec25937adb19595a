using System.Diagnostics.CodeAnalysis;

namespace ContainerApi.Engine.Facts;

/// <summary>The reference, the id or an id prefix of an existing image.</summary>
internal sealed record ImageNameOrId(string Value) : IParameterValue<ImageNameOrId>
{
    public static string Expected => "must be an image's name or id, as in app, registry:5000/team/app:v1, app@sha256:… or 43b9fa55b83f.";

    /// <summary>The form under which an engine finds the image: a digest without the tag beside it.</summary>
    public string Lookup => ImageReference.ToLookup(Value);

    public static bool TryParse(string text, [NotNullWhen(true)] out ImageNameOrId? value)
    {
        value = ImageReference.NamesAnImage(text) ? new ImageNameOrId(text) : null;
        return value is not null;
    }

    public override string ToString() => Value;
}
