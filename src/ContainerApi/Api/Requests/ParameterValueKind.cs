using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace ContainerApi.Api.Requests;

/// <summary>How one value of a type is parsed, described in an error and documented.</summary>
/// <param name="Parse">Returns null for an invalid text.</param>
/// <param name="Allowed">The only allowed texts, or null.</param>
internal sealed record ParameterValueKind(
    JsonSchemaType Type, string Expected, Func<string, object?> Parse, IReadOnlyList<string>? Allowed = null)
{
    private const BindingFlags Private = BindingFlags.NonPublic | BindingFlags.Static;
    private static readonly MethodInfo TextValueOf = typeof(ParameterValueKind).GetMethod(nameof(TextValue), Private)!;
    private static readonly MethodInfo JsonValueOf = typeof(ParameterValueKind).GetMethod(nameof(JsonReader), Private)!;
    private static readonly MethodInfo JsonSchemaOf = typeof(ParameterValueKind).GetMethod(nameof(JsonSchema), Private)!;

    /// <summary>Reads an element of a JSON body, for types that are not one text, number or boolean there.</summary>
    private Func<JsonElement, (object? Value, string? Error)>? JsonRead { get; init; }

    /// <summary>Names what is wrong with a text; without it, <see cref="Expected"/> does.</summary>
    private Func<string, string>? ErrorOf { get; init; }

    private OpenApiSchema? JsonBodySchema { get; init; }

    /// <summary>The types other than <see cref="Type"/> that an element of a JSON body may have.</summary>
    private JsonSchemaType OtherJsonTypes { get; init; }

    /// <summary>The fields of a type that is a JSON object.</summary>
    public RequestDefinition? Fields { get; private init; }

    public static ParameterValueKind Of(Type type, ParameterAttribute declaration)
    {
        var isText = Implements(type, typeof(IParameterValue<>));
        var kind = type == typeof(bool) ? new(JsonSchemaType.Boolean, "must be true or false.", Boolean)
            : type == typeof(int) ? Integer(declaration, n => n)
            : type == typeof(decimal) ? Number(declaration)
            : type == typeof(TimeSpan) ? Duration(declaration)
            : type == typeof(string) ? Text(declaration)
            : type.IsEnum ? OneOf(Enum.GetValuesAsUnderlyingType(type).Cast<object>().Select(v => Enum.ToObject(type, v))
                .ToDictionary(v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()!))
                .Where(v => declaration.Allowed?.Contains(v.Key) is not false).ToDictionary())
                .WithBooleans(declaration)
            : isText ? (ParameterValueKind)TextValueOf.MakeGenericMethod(type).Invoke(null, null)!
            : new ParameterValueKind(JsonSchemaType.Object, "must be an object.", _ => null);
        return !Implements(type, typeof(IJsonParameterValue<>))
            ? kind.Type == JsonSchemaType.Object ? kind with { Fields = RequestDefinition.Of(type) } : kind
            : kind with
            {
                JsonRead = (Func<JsonElement, (object?, string?)>)JsonValueOf.MakeGenericMethod(type).Invoke(null, null)!,
                JsonBodySchema = (OpenApiSchema)JsonSchemaOf.MakeGenericMethod(type).Invoke(null, null)!,
            };
    }

    /// <returns>The value, or the error as the end of a sentence that begins with the name of the parameter.</returns>
    /// <exception cref="InvalidOperationException">A text in JSON is not valid Unicode.</exception>
    public (object? Value, string? Error) Read(ParameterInput input)
    {
        if (input.Json is { } json && JsonRead is not null)
        {
            return JsonRead(json);
        }

        var types = Type | OtherJsonTypes;
        if (input.Json is { ValueKind: not JsonValueKind.String } && types == JsonSchemaType.String)
        {
            return (null, "must be a string.");
        }

        var text = input.Json switch
        {
            null => input.Texts.ToString(),
            { ValueKind: JsonValueKind.String } element when types.HasFlag(JsonSchemaType.String) => element.GetString(),
            { ValueKind: JsonValueKind.Number } element when (types & (JsonSchemaType.Integer | JsonSchemaType.Number)) != 0 => element.GetRawText(),
            { ValueKind: JsonValueKind.True or JsonValueKind.False } element when types.HasFlag(JsonSchemaType.Boolean) => element.GetRawText(),
            _ => null,
        };
        return text is null ? (null, Expected) : Parse(text) is { } value ? (value, null) : (null, ErrorOf?.Invoke(text) ?? Expected);
    }

    /// <summary>The schema of one value, as a text of a query or as an element of a JSON body.</summary>
    public IOpenApiSchema ToSchema(ParameterAttribute declaration, bool inJson)
    {
        if (inJson && JsonBodySchema is not null)
        {
            return JsonBodySchema;
        }

        if (Fields is not null)
        {
            return Fields.ToSchema();
        }

        var schema = new OpenApiSchema
        {
            // A boolean in place of a word is an alias, which the document does not have.
            Type = inJson ? Type | (OtherJsonTypes & ~JsonSchemaType.Boolean) : Type,
            Enum = Allowed is { } allowed ? [.. allowed.Select(a => JsonValue.Create(a))] : null,
            Pattern = declaration.Pattern is { } pattern ? $"^(?:{pattern})$" : null,
            Minimum = Type == JsonSchemaType.Integer && declaration.Min != int.MinValue ? $"{declaration.Min}" : null,
            Maximum = Type is JsonSchemaType.Integer or JsonSchemaType.Number && declaration.Max != int.MaxValue ? $"{declaration.Max}" : null,
        };
        if (Type == JsonSchemaType.Number)
        {
            // Even a null here would change the schema of every other type.
            schema.ExclusiveMinimum = $"{declaration.Min}";
        }

        return schema;
    }

    /// <summary>An example as the OpenAPI document writes it.</summary>
    public JsonNode? ToJson(string? text) => text is null ? null : Type == JsonSchemaType.String ? JsonValue.Create(text) : JsonNode.Parse(text);

    /// <summary>An empty value is neither: <c>?force=</c> may be a variable that a script forgot to set.</summary>
    private static object? Boolean(string text) => text.ToLowerInvariant() switch
    {
        "1" or "true" => true,
        "0" or "false" => false,
        _ => null,
    };

    private static ParameterValueKind Integer(ParameterAttribute declaration, Func<int, object> convert) => new(
        JsonSchemaType.Integer,
        $"must be a whole number from {declaration.Min} to {declaration.Max}.",
        text => int.TryParse(text, declaration.Min < 0 ? NumberStyles.AllowLeadingSign : NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            && n >= declaration.Min && n <= declaration.Max
            ? convert(n)
            : null);

    private static ParameterValueKind Duration(ParameterAttribute declaration) => new(
        JsonSchemaType.String,
        Durations.Expected(declaration.Min, declaration.Max),
        text => Durations.TryParse(text, out var duration) && duration.TotalSeconds >= declaration.Min && duration.TotalSeconds <= declaration.Max
            ? duration
            : null)
    {
        OtherJsonTypes = JsonSchemaType.Integer,
    };

    /// <summary>Lets <c>true</c> and <c>false</c> stand for values, if the parameter says for which.</summary>
    private ParameterValueKind WithBooleans(ParameterAttribute declaration) => declaration.Booleans is not [var ifFalse, var ifTrue]
        ? this
        : this with
        {
            OtherJsonTypes = JsonSchemaType.Boolean,
            Parse = text => Parse(Boolean(text) is bool isTrue ? (isTrue ? ifTrue : ifFalse) : text),
        };

    private static ParameterValueKind Number(ParameterAttribute declaration) => new(
        JsonSchemaType.Number,
        $"must be a number above {declaration.Min} and at most {declaration.Max}.",
        text => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n)
            && n > declaration.Min && n <= declaration.Max
            ? n
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

    private static ParameterValueKind OneOf(Dictionary<string, object> values)
    {
        var inAnyCase = new Dictionary<string, object>(values, StringComparer.OrdinalIgnoreCase);
        return new(
            JsonSchemaType.String, $"must be one of {string.Join(", ", values.Keys)}.", text => inAnyCase.GetValueOrDefault(text), [.. values.Keys]);
    }

    private static ParameterValueKind TextValue<T>()
        where T : class, IParameterValue<T> =>
        new(JsonSchemaType.String, T.Expected, text => T.TryParse(text, out var value) ? value : null) { ErrorOf = T.ErrorOf };

    private static Func<JsonElement, (object?, string?)> JsonReader<T>()
        where T : class, IJsonParameterValue<T> =>
        json => T.Read(json);

    private static OpenApiSchema JsonSchema<T>()
        where T : class, IJsonParameterValue<T> =>
        T.Schema;

    private static bool Implements(Type type, Type definition) =>
        type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == definition);
}
