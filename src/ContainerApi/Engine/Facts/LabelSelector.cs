namespace ContainerApi.Engine.Facts;

/// <summary>A label filter: <c>name</c> with any value, or <c>name=value</c>.</summary>
internal static class LabelSelector
{
    /// <summary>Whether all selectors match, as in the engine's filter.</summary>
    public static bool Matches(IReadOnlyList<string> selectors, IReadOnlyDictionary<string, string> labels) =>
        selectors.All(s => s.Split('=', 2) is [var name, .. var value]
            && labels.TryGetValue(name, out var found) && (value is not [var required] || found == required));
}
