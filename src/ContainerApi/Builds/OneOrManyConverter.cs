using System.Text.Json;
using System.Text.Json.Serialization;
using ContainerApi.Api.OpenApi;
using Microsoft.OpenApi;

namespace ContainerApi.Builds;

/// <summary>Reads a list of strings that may be written as one string.</summary>
[AlsoWrittenAs(JsonSchemaType.String)]
internal sealed class OneOrManyConverter : JsonConverter<string[]>
{
    public override string[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return [reader.GetString()!];
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException();
        }

        var items = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException());
        }

        return [.. items];
    }

    public override void Write(Utf8JsonWriter writer, string[] value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var item in value)
        {
            writer.WriteStringValue(item);
        }

        writer.WriteEndArray();
    }
}

/// <summary>Reads a list of objects that may be written as one object.</summary>
[AlsoWrittenAs(JsonSchemaType.Object)]
internal sealed class OneOrManyConverter<T> : JsonConverter<T[]>
{
    public override T[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return [JsonSerializer.Deserialize<T>(ref reader, options)!];
        }

        var items = reader.TokenType == JsonTokenType.StartArray
            ? JsonSerializer.Deserialize<List<T?>>(ref reader, options)!
            : throw new JsonException();
        return [.. items.Select(item => item ?? throw new JsonException())];
    }

    public override void Write(Utf8JsonWriter writer, T[] value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, (IReadOnlyList<T>)value, options);
}
