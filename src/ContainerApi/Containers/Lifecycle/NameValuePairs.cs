using ContainerApi.Api.Requests;
using Microsoft.OpenApi;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>Environment variables or labels: an object, or a list of <c>NAME=value</c> in which the last of equal names counts.</summary>
internal sealed record NameValuePairs(IReadOnlyDictionary<string, string> Values) : IJsonParameterValue<NameValuePairs>
{
    public static OpenApiSchema Schema => new()
    {
        OneOf =
        [
            new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Number },
            },
            new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        ],
    };

    public static (NameValuePairs? Value, string? Error) Read(JsonElement json)
    {
        var values = new Dictionary<string, string>();
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in json.EnumerateObject())
                {
                    if (TextOf(property.Value) is not { } value)
                    {
                        return (null, $"must be an object of strings and numbers, and '{Shown(property.Name)}' has none. \"\" is an empty value.");
                    }

                    if (!values.TryAdd(property.Name, value))
                    {
                        return (null, $"has '{Shown(property.Name)}' twice.");
                    }
                }

                break;
            case JsonValueKind.Array when json.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String):
                foreach (var (index, parts) in json.EnumerateArray().Select(e => e.GetString()!.Split('=', 2)).Index())
                {
                    if (parts is not [var name, var value])
                    {
                        return (null, $"must have NAME=value in each item, and item [{index}], '{Shown(parts[0])}', has no value. An empty "
                            + "value is NAME=.");
                    }

                    values[name] = value;
                }

                break;
            default:
                return (null, "must be an object of strings and numbers, or a list of strings as in NAME=value.");
        }

        return values.Any(v => CommandLine.IsTooLong($"{v.Key}={v.Value}"))
            ? (null, $"must not have an item, with its name, longer than {CommandLine.MaxArgumentBytes} bytes.")
            : values.All(v => v.Key.Length > 0 && !v.Key.AsSpan().ContainsAny('=', '\0') && !v.Value.Contains('\0'))
            ? (new NameValuePairs(values), null)
            : (null, "must have names that are not empty and have no '=', and no NUL character.");
    }

    /// <summary>A number is the string that was sent. Null for any other type.</summary>
    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };

    private static string Shown(string name) => name.Length <= 64 ? name : name[..64] + "…";
}
