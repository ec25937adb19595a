using Microsoft.Extensions.Primitives;

namespace ContainerApi.Api.Requests;

/// <summary>The value of one parameter in a request: the texts of a query, form or header, or an element of a JSON body.</summary>
/// <param name="Name">The name that the request uses; null for the parameter's own.</param>
internal readonly record struct ParameterInput(StringValues Texts, JsonElement? Json = null, string? Name = null)
{
    /// <summary>A null in JSON is a missing value.</summary>
    public bool IsMissing => Json is { } json ? json.ValueKind == JsonValueKind.Null : Texts.Count == 0;

    /// <summary>Whether the value is a string in JSON that equals the text.</summary>
    public bool IsText(StringValues text) => Json is { ValueKind: JsonValueKind.String } json && text.Count == 1 && json.ValueEquals(text[0]);

    /// <summary>The length of one value as sent.</summary>
    public long Length => Json is { } json ? json.GetRawText().Length : Texts.ToString().Length;

    /// <summary>
    /// The values of a list: the texts, the items of an array, the one value, or the pairs of an object as <c>name=value</c>, and as <c>name</c>
    /// where the value is null.
    /// </summary>
    /// <returns>
    /// Null for an object with a name that is empty, has a <c>=</c> or is given twice, or with a value that is neither a string nor null.
    /// </returns>
    /// <exception cref="InvalidOperationException">A text in JSON is not valid Unicode.</exception>
    public IReadOnlyList<ParameterInput>? Items(bool isObject) => Json switch
    {
        null => [.. Texts.Select(t => new ParameterInput(t ?? ""))],
        { ValueKind: JsonValueKind.Array } array => [.. array.EnumerateArray().Select(e => new ParameterInput(default, e))],
        { ValueKind: JsonValueKind.Object } pairs when isObject =>
            pairs.EnumerateObject().All(IsPair) && pairs.EnumerateObject().DistinctBy(p => p.Name).Count() == pairs.GetPropertyCount()
            ? [.. pairs.EnumerateObject().Select(p => new ParameterInput(p.Value.GetString() is { } value ? $"{p.Name}={value}" : p.Name))]
            : null,
        var single => [new ParameterInput(default, single)],
    };

    private static bool IsPair(JsonProperty property) =>
        property.Name.Length > 0 && !property.Name.Contains('=', StringComparison.Ordinal)
        && property.Value.ValueKind is JsonValueKind.String or JsonValueKind.Null;
}
