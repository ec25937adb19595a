namespace ContainerApi.Engine.Docker.Wire;

/// <summary>Reads values that an engine may leave out.</summary>
internal static class WireValues
{
    public static string? NullIfEmpty(this string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <exception cref="JsonException">The value is missing.</exception>
    public static T Required<T>(this T? value)
        where T : class => value ?? throw UnexpectedNull();

    /// <summary>Returns an empty list for a missing one.</summary>
    /// <exception cref="JsonException">An item is null.</exception>
    public static IReadOnlyList<T> WithoutNulls<T>(this IEnumerable<T>? items)
        where T : class
    {
        var list = items as IReadOnlyList<T> ?? [.. items ?? []];
        return list.Any(item => item is null) ? throw UnexpectedNull() : list;
    }

    /// <summary>Returns an empty map for a missing one.</summary>
    /// <exception cref="JsonException">A value is null.</exception>
    public static IReadOnlyDictionary<string, string> WithoutNulls(this IEnumerable<KeyValuePair<string, string>>? items)
    {
        var map = items as IReadOnlyDictionary<string, string> ?? new Dictionary<string, string>(items ?? []);
        return map.Any(item => item.Value is null) ? throw UnexpectedNull() : map;
    }

    /// <summary>
    /// Returns the environment variables of <c>NAME=value</c>. The last of equal names counts. An item without a value removes the variable.
    /// </summary>
    /// <exception cref="JsonException">An item is null.</exception>
    public static IReadOnlyDictionary<string, string> ToVariables(this IEnumerable<string>? items)
    {
        var variables = new Dictionary<string, string>();
        foreach (var parts in items.WithoutNulls().Select(item => item.Split('=', 2)))
        {
            if (parts is [var name, var value])
            {
                variables[name] = value;
            }
            else
            {
                variables.Remove(parts[0]);
            }
        }

        return variables;
    }

    /// <exception cref="JsonException">The number is negative or above the maximum.</exception>
    public static int ToCount(this long number) =>
        number is >= 0 and <= int.MaxValue ? (int)number : throw new JsonException("A number is out of range.");

    public static JsonException UnexpectedNull() => new("An unexpected null, or a missing value.");
}
