using System.Text.Json;
using System.Text.Json.Serialization;
using ContainerApi.Api.OpenApi;
using Microsoft.OpenApi;

namespace ContainerApi.Builds;

/// <summary>Reads pairs that may be written as an object, as a list of <c>name=value</c>, or as one of these.</summary>
[AlsoWrittenAs(JsonSchemaType.Object, JsonSchemaType.String)]
internal sealed class PairsConverter : JsonConverter<string[]>
{
    private static readonly OneOrManyConverter Texts = new();

    public override string[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return Texts.Read(ref reader, typeToConvert, options);
        }

        var pairs = JsonSerializer.Deserialize<Dictionary<string, string>>(ref reader, options)!;
        return [.. pairs.Select(pair => $"{pair.Key}={pair.Value ?? throw new JsonException()}")];
    }

    public override void Write(Utf8JsonWriter writer, string[] value, JsonSerializerOptions options) => Texts.Write(writer, value, options);
}
