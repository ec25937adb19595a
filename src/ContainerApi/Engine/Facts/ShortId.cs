namespace ContainerApi.Engine.Facts;

/// <summary>An id of a container or an image in the form that docker prints: 12 hex digits without <c>sha256:</c>.</summary>
internal readonly record struct ShortId(string Id)
{
    private const int Length = 12;

    public override string ToString()
    {
        var start = Id.StartsWith("sha256:", StringComparison.Ordinal) ? "sha256:".Length : 0;
        return Id[start..Math.Min(start + Length, Id.Length)];
    }
}
