using static ContainerApi.Tests.Api.Contract.BreakingChanges;

namespace ContainerApi.Tests.Api.Contract;

/// <summary>A schema with its references and its <c>allOf</c> resolved, and an alternative to null as a type.</summary>
internal sealed class Shape
{
    public Shape(JsonElement document, JsonElement schema) => Add(document, schema);

    /// <summary>The JSON types, with <c>null</c> and the format; empty for any.</summary>
    public HashSet<string> Types { get; } = [];

    public HashSet<string> Enum { get; } = [];

    /// <summary>The values of an enumeration that may grow.</summary>
    public HashSet<string> Known { get; } = [];

    public HashSet<string> Required { get; } = [];

    public Dictionary<string, JsonElement> Properties { get; } = [];

    /// <summary>The alternatives, such as the lines of a stream, by name or type.</summary>
    public Dictionary<string, JsonElement> Lines { get; } = [];

    public JsonElement Items { get; private set; }

    /// <summary>The schema of the values of an object with any names.</summary>
    public JsonElement Values { get; private set; }

    private readonly Dictionary<string, decimal> _numbers = [];

    public decimal? Number(string name) => _numbers.TryGetValue(name, out var value) ? value : null;

    private void Add(JsonElement document, JsonElement schema)
    {
        if (Text(schema, "$ref") is { } reference)
        {
            Add(document, Member(document, reference.Split('/').Skip(1)));
            return;
        }

        foreach (var part in ItemsOf(schema, "allOf"))
        {
            Add(document, part);
        }

        if (Text(schema, "type") is { } type)
        {
            Types.Add(Text(schema, "format") is { } format ? $"{type}({format})" : type);
        }

        if (Member(schema, "nullable").ValueKind == JsonValueKind.True)
        {
            Types.Add("null");
        }

        Enum.UnionWith(ItemsOf(schema, "enum").Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!));
        Known.UnionWith(ItemsOf(schema, "x-extensible-enum").Select(v => v.GetString()!));
        Required.UnionWith(ItemsOf(schema, "required").Select(v => v.GetString()!));
        foreach (var property in Members(Member(schema, "properties")))
        {
            Properties[property.Name] = property.Value;
        }

        foreach (var number in Members(schema).Where(m => m.Value.ValueKind == JsonValueKind.Number))
        {
            _numbers[number.Name] = number.Value.GetDecimal();
        }

        Items = Member(schema, "items") is { ValueKind: JsonValueKind.Object } items ? items : Items;
        Values = Member(schema, "additionalProperties") is { ValueKind: JsonValueKind.Object } values ? values : Values;
        AddAlternatives(document, [.. ItemsOf(schema, "oneOf"), .. ItemsOf(schema, "anyOf")]);
    }

    private void AddAlternatives(JsonElement document, IReadOnlyList<JsonElement> alternatives)
    {
        if (alternatives is [var only, var nothing] && ItemsOf(nothing, "enum") is [{ ValueKind: JsonValueKind.Null }])
        {
            Add(document, only);
            Types.Add("null");
            return;
        }

        foreach (var (alternative, i) in alternatives.Select((a, i) => (a, i)))
        {
            Lines[Text(alternative, "$ref")?.Split('/')[^1] ?? Text(alternative, "type") ?? $"{i}"] = alternative;
        }
    }

    private static IReadOnlyList<JsonElement> ItemsOf(JsonElement schema, string name) => BreakingChanges.Items(schema, name);
}
