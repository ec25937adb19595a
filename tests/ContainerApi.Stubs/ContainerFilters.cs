namespace ContainerApi.Stubs;

/// <summary>The filters of the list. Values of one filter are combined with OR, filters and labels with AND.</summary>
internal sealed class ContainerFilters
{
    private readonly string? _json;

    private ContainerFilters(string? json) => _json = json;

    public static ContainerFilters Parse(string? json) => new(json);

    public bool AsksForState => Values("status").Count > 0;

    public bool Match(StubContainer container) =>
        _json is null
        || (Any("id", v => container.Id.StartsWith(v, StringComparison.Ordinal))
            && Any("name", v => v is ['^', '/', .. var exact, '$']
                ? container.Name == exact
                : container.Name.Contains(v.TrimStart('/'), StringComparison.Ordinal))
            && Any("status", v => container.State == v)
            && Any("ancestor", v => container.Image == v || container.ImageId == v)
            && Any("network", v => container.Networks.Any(n => n.Name == v))
            && Any("health", v => (container.Health ?? "none") == v)
            && Values("label").All(v => v.Split('=', 2) is [var key, .. var value]
                && container.Labels.TryGetValue(key, out var label) && (value.Length == 0 || label == value[0])));

    private bool Any(string name, Func<string, bool> match) => Values(name) is { Count: 0 } || Values(name).Any(match);

    private IReadOnlyList<string> Values(string name) => Values(_json, name);

    /// <summary>Reads both forms that the engine accepts: <c>{"name":["a"]}</c> and <c>{"name":{"a":true}}</c>.</summary>
    public static IReadOnlyList<string> Values(string? json, string name)
    {
        if (json is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(json);
        return !document.RootElement.TryGetProperty(name, out var values) ? []
            : values.ValueKind == JsonValueKind.Array ? [.. values.EnumerateArray().Select(v => v.GetString()!)]
            : [.. values.EnumerateObject().Where(v => v.Value.ValueKind == JsonValueKind.True).Select(v => v.Name)];
    }
}
