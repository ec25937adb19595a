namespace ContainerApi.Tests.Containers;

/// <summary>Reads the rows of a container list.</summary>
internal static class JsonRows
{
    public static async Task<List<JsonElement>> ItemsAsync(this ApiHost host, string query = "") =>
        [.. (await host.GetJsonAsync("/containers" + query)).GetProperty("items").EnumerateArray()];

    /// <summary>The value at a path such as <c>usage.state</c> as text, or null.</summary>
    public static string? At(this JsonElement row, string path)
    {
        var value = path.Split('.').Aggregate(row, (element, name) => int.TryParse(name, out var index) ? element[index] : element.GetProperty(name));
        return value.ValueKind == JsonValueKind.Null ? null : value.ToString();
    }

    /// <summary>The values at a path in each row.</summary>
    public static IEnumerable<string?> At(this IEnumerable<JsonElement> rows, string path) => rows.Select(r => r.At(path));
}
