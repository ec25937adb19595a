namespace ContainerApi.Engine.Facts;

/// <summary>A label that is asked for: <c>name</c>, whatever its value, or <c>name=value</c>.</summary>
internal static class LabelSelector
{
    /// <summary>Whether a container has all of them, as the engine's own filter judges it.</summary>
    public static bool Matches(IReadOnlyList<string> selectors, IReadOnlyDictionary<string, string> labels) =>
        selectors.All(s => s.Split('=', 2) is [var name, .. var value] && labels.TryGetValue(name, out var found) && (value is not [var wanted] || found == wanted));
}
