using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;

namespace ContainerApi.Api.Requests;

/// <summary>How one value of a type is parsed, described in an error and documented.</summary>
/// <param name="Parse">Returns null for an invalid text.</param>
/// <param name="Allowed">The only allowed texts, or null.</param>
internal sealed record ParameterValueKind(
    JsonSchemaType Type, string Expected, Func<string, object?> Parse, IReadOnlyList<string>? Allowed = null)
{
    private static readonly MethodInfo OfValueType = typeof(ParameterValueKind).GetMethod(nameof(Value), BindingFlags.NonPublic | BindingFlags.Static)!;

    public static ParameterValueKind Of(Type type, ParameterAttribute declaration) =>
        type == typeof(bool) ? new(JsonSchemaType.Boolean, "must be true or false.", Boolean)
        : type == typeof(int) ? Integer(declaration, n => n)
        : type == typeof(TimeSpan) ? Integer(declaration, n => TimeSpan.FromSeconds(n))
        : type == typeof(string) ? Text(declaration)
        : type.IsEnum ? OneOf(Enum.GetValuesAsUnderlyingType(type).Cast<object>().Select(v => Enum.ToObject(type, v))
            .ToDictionary(v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()!)))
        : (ParameterValueKind)OfValueType.MakeGenericMethod(type).Invoke(null, null)!;

    /// <summary>A default or an example as the OpenAPI document writes it.</summary>
    public JsonNode? ToJson(string? text) => text is null ? null : Type == JsonSchemaType.String ? JsonValue.Create(text) : JsonNode.Parse(text);

    /// <summary>A parameter without a value (<c>?all</c>) is true.</summary>
    private static object? Boolean(string text) => text.ToLowerInvariant() switch
    {
        "" or "1" or "true" => true,
        "0" or "false" => false,
        _ => null,
    };

    private static ParameterValueKind Integer(ParameterAttribute declaration, Func<int, object> convert) => new(
        JsonSchemaType.Integer,
        $"must be a whole number from {declaration.Min} to {declaration.Max}.",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= declaration.Min && n <= declaration.Max
            ? convert(n)
            : null);

    private static ParameterValueKind Text(ParameterAttribute declaration)
    {
        if (declaration.Allowed is { } allowed)
        {
            return OneOf(allowed.ToDictionary(a => a, a => (object)a));
        }

        var pattern = declaration.Pattern is null ? null : new Regex($@"^(?:{declaration.Pattern})\z", RegexOptions.CultureInvariant);
        return new(JsonSchemaType.String, declaration.Expected ?? "", text => pattern?.IsMatch(text) != false ? text : null);
    }

    private static ParameterValueKind OneOf(Dictionary<string, object> values) =>
        new(JsonSchemaType.String, $"must be one of {string.Join(", ", values.Keys)}.", text => values.GetValueOrDefault(text), [.. values.Keys]);

    private static ParameterValueKind Value<T>()
        where T : class, IParameterValue<T> =>
        new(JsonSchemaType.String, T.Expected, text => T.TryParse(text, out var value) ? value : null);
}
