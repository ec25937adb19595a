using System.Text.Json;
using System.Text.Json.Serialization;

namespace ContainerApi.Engine.Docker.Wire;

/// <summary>
/// The Engine API's JSON where we read it ourselves: the calls that are made for every container, and the streams.
/// Source-generated; unknown members are skipped. Shapes: API 1.41 to 1.54.
/// </summary>
[JsonSerializable(typeof(ListedContainer[]))]
[JsonSerializable(typeof(InspectedContainer))]
[JsonSerializable(typeof(ContainerTop))]
[JsonSerializable(typeof(ContainerStatistics))]
[JsonSerializable(typeof(StreamMessage))]
[JsonSerializable(typeof(WireEvent))]
[JsonSerializable(typeof(CreatedObject))]
[JsonSerializable(typeof(WireFileChange))]
[JsonSerializable(typeof(RegistryAuth))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, IReadOnlyList<string>>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string?>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, RegistryAuth>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class EngineWire : JsonSerializerContext;

internal sealed record ListedContainer
{
    public string Id { get; init; } = "";
    public IReadOnlyList<string>? Names { get; init; }
    public string? Image { get; init; }
    public string? ImageID { get; init; }
    public string? Command { get; init; }
    public long Created { get; init; }
    public IReadOnlyList<ListedPort>? Ports { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public string? State { get; init; }
    public string? Status { get; init; }
    public ListedHostConfig? HostConfig { get; init; }
    public ListedNetworkSettings? NetworkSettings { get; init; }

    /// <summary>Since API 1.52.</summary>
    public ListedHealth? Health { get; init; }
}

internal sealed record ListedHostConfig(string? NetworkMode);

internal sealed record ListedHealth(string? Status);

internal sealed record ListedNetworkSettings(IReadOnlyDictionary<string, ListedEndpoint?>? Networks);

internal sealed record ListedEndpoint(string? IPAddress, string? GlobalIPv6Address, string? Gateway, string? MacAddress);

internal sealed record ListedPort(string? IP, int PrivatePort, int? PublicPort, string? Type);

internal sealed record InspectedContainer(string? Id, string? Name, InspectedConfig? Config);

internal sealed record InspectedConfig(IReadOnlyDictionary<string, string>? Labels);

internal sealed record ContainerTop(IReadOnlyList<string>? Titles, IReadOnlyList<IReadOnlyList<string>>? Processes);

internal sealed record ContainerStatistics
{
    [JsonPropertyName("read")]
    public DateTimeOffset Read { get; init; }

    [JsonPropertyName("networks")]
    public IReadOnlyDictionary<string, WireInterface>? Networks { get; init; }

    [JsonPropertyName("cpu_stats")]
    public WireCpu? Cpu { get; init; }

    [JsonPropertyName("memory_stats")]
    public WireMemory? Memory { get; init; }

    [JsonPropertyName("pids_stats")]
    public WirePids? Pids { get; init; }

    [JsonPropertyName("blkio_stats")]
    public WireBlockIo? BlockIo { get; init; }
}

internal sealed record WireInterface(
    [property: JsonPropertyName("rx_bytes")] ulong RxBytes,
    [property: JsonPropertyName("rx_packets")] ulong RxPackets,
    [property: JsonPropertyName("rx_errors")] ulong RxErrors,
    [property: JsonPropertyName("rx_dropped")] ulong RxDropped,
    [property: JsonPropertyName("tx_bytes")] ulong TxBytes,
    [property: JsonPropertyName("tx_packets")] ulong TxPackets,
    [property: JsonPropertyName("tx_errors")] ulong TxErrors,
    [property: JsonPropertyName("tx_dropped")] ulong TxDropped);

internal sealed record WireCpu([property: JsonPropertyName("cpu_usage")] WireCpuUsage? Usage);

internal sealed record WireCpuUsage([property: JsonPropertyName("total_usage")] ulong Total);

internal sealed record WireMemory(
    [property: JsonPropertyName("usage")] ulong? Usage,
    [property: JsonPropertyName("limit")] ulong? Limit,
    [property: JsonPropertyName("stats")] IReadOnlyDictionary<string, ulong>? Stats);

internal sealed record WirePids([property: JsonPropertyName("current")] ulong? Current);

internal sealed record WireBlockIo([property: JsonPropertyName("io_service_bytes_recursive")] IReadOnlyList<WireBlockIoEntry>? Bytes);

internal sealed record WireBlockIoEntry(
    [property: JsonPropertyName("op")] string? Operation, [property: JsonPropertyName("value")] ulong Value);

internal sealed record WireEvent
{
    public string? Type { get; init; }
    public string? Action { get; init; }
    public WireActor? Actor { get; init; }

    [JsonPropertyName("timeNano")]
    public long TimeNano { get; init; }
}

internal sealed record WireActor(string? ID, IReadOnlyDictionary<string, string>? Attributes);

internal sealed record WireFileChange(string? Path, int Kind);

internal sealed record CreatedObject(string? Id);

internal sealed record RegistryAuth(
    [property: JsonPropertyName("username")] string Username,
    [property: JsonPropertyName("password")] string Password,
    [property: JsonPropertyName("serveraddress")] string? ServerAddress);

/// <summary>One value of the engine's message streams (pull, push, build).</summary>
internal sealed record StreamMessage
{
    [JsonPropertyName("stream")]
    public string? Stream { get; init; }

    [JsonPropertyName("status")]
    public string? Status { get; init; }

    [JsonPropertyName("id")]
    public string? Id { get; init; }

    [JsonPropertyName("progressDetail")]
    public WireProgress? ProgressDetail { get; init; }

    [JsonPropertyName("errorDetail")]
    public WireError? ErrorDetail { get; init; }

    /// <summary>Deprecated since API 1.48 in favour of <see cref="ErrorDetail"/>.</summary>
    [JsonPropertyName("error")]
    public string? Error { get; init; }

    [JsonPropertyName("aux")]
    public JsonElement? Aux { get; init; }

    [JsonIgnore]
    public WireError? Failure => ErrorDetail ?? (Error is null ? null : new WireError(null, Error));

    /// <summary>Of a build: the image that was made.</summary>
    [JsonIgnore]
    public string? ImageId => TextOfAux("ID");

    /// <summary>Of a push: the manifest that the registry took.</summary>
    [JsonIgnore]
    public string? Digest => TextOfAux("Digest");

    private string? TextOfAux(string name) =>
        Aux is { ValueKind: JsonValueKind.Object } aux && aux.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

internal sealed record WireProgress(
    [property: JsonPropertyName("current")] long? Current, [property: JsonPropertyName("total")] long? Total);

internal sealed record WireError(
    [property: JsonPropertyName("code")] int? Code, [property: JsonPropertyName("message")] string? Message);
