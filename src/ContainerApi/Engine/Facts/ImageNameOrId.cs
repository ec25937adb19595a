namespace ContainerApi.Engine.Facts;

/// <summary>The reference, the id or an id prefix of an existing image.</summary>
/// <param name="Value">The text as written.</param>
/// <param name="Reference">Null for an id that cannot be a name.</param>
internal sealed partial record ImageNameOrId(string Value, ImageReference? Reference = null) : IParameterValue<ImageNameOrId>
{
    public static string Expected => "must be an image's name or id, as in app, registry:5000/team/app:v1, app@sha256:… or 43b9fa55b83f.";

    /// <summary>The text that an engine finds the image by: a digest without the tag beside it.</summary>
    public string Lookup => Reference is { Digest: { } digest } name ? $"{name.Repository}@{digest}" : Value;

    public static bool TryParse(string? text, [NotNullWhen(true)] out ImageNameOrId? value)
    {
        value = ImageReference.TryParse(text, out var reference) ? new ImageNameOrId(text!, reference)
            : text is not null && Id.IsMatch(text) ? new ImageNameOrId(text)
            : null;
        return value is not null;
    }

    public override string ToString() => Value;

    [GeneratedRegex(@"^(?:sha256:)?[0-9a-f]{4,64}\z")]
    private static partial Regex Id { get; }
}
