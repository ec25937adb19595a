using System.Text.Json.Serialization;

namespace ContainerApi.Engine.Docker.Wire;

/// <summary>JSON of the message streams: pull, push, build.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StreamMessage))]
internal sealed partial class StreamWire : JsonSerializerContext;

internal sealed record StreamMessage
{
    public string? Stream { get; init; }
    public string? Status { get; init; }
    public string? Id { get; init; }
    public WireProgress? ProgressDetail { get; init; }
    public WireError? ErrorDetail { get; init; }

    /// <summary>Deprecated since API 1.48 in favour of <see cref="ErrorDetail"/>.</summary>
    public string? Error { get; init; }
    public JsonElement? Aux { get; init; }

    [JsonIgnore]
    public WireError? Failure => ErrorDetail ?? (Error is null ? null : new WireError(null, Error));

    /// <summary>The image that a build created.</summary>
    [JsonIgnore]
    public string? ImageId => TextOfAux("ID");

    /// <summary>The digest of a pushed manifest.</summary>
    [JsonIgnore]
    public string? Digest => TextOfAux("Digest");

    private string? TextOfAux(string name) =>
        Aux is { ValueKind: JsonValueKind.Object } aux && aux.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}

internal sealed record WireProgress(long? Current, long? Total);

internal sealed record WireError(int? Code, string? Message);
