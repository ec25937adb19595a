namespace ContainerApi.Engine.Docker.Wire;

/// <summary>Reads values that an engine may leave out.</summary>
internal static class WireValues
{
    public static string? NullIfEmpty(this string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>Returns an empty list for a missing one.</summary>
    /// <exception cref="JsonException">An item is null.</exception>
    public static IReadOnlyList<T> WithoutNulls<T>(this IReadOnlyList<T>? list)
        where T : class =>
        list is null ? [] : list.Any(item => item is null) ? throw UnexpectedNull() : list;

    public static JsonException UnexpectedNull() => new("An unexpected null in a list or map.");
}
