using System.Text.Json.Serialization;

namespace ContainerApi.Engine.Docker.Wire;

/// <summary>
/// JSON of the Engine API for the calls that are made for every container. Source-generated; unknown members are skipped.
/// Shapes: API 1.41 to 1.56.
/// </summary>
[JsonSerializable(typeof(ListedContainer[]))]
[JsonSerializable(typeof(InspectedContainer))]
[JsonSerializable(typeof(InspectedImage))]
[JsonSerializable(typeof(ContainerTop))]
[JsonSerializable(typeof(WireInfo))]
[JsonSerializable(typeof(WireEvent))]
[JsonSerializable(typeof(CreatedObject))]
[JsonSerializable(typeof(WireFileChange))]
[JsonSerializable(typeof(RegistryAuth))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, IReadOnlyList<string>>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string?>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, RegistryAuth>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<StepUlimit>))]
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

internal sealed record ListedPort(string? IP, ushort PrivatePort, ushort? PublicPort, string? Type);

internal sealed record ContainerTop(IReadOnlyList<string>? Titles, IReadOnlyList<IReadOnlyList<string>>? Processes);

internal sealed record WireInfo(string? Name, WireSwarm? Swarm);

internal sealed record WireSwarm(string? NodeID, bool ControlAvailable);

internal sealed record WireEvent(string? Type, string? Action, WireActor? Actor, [property: JsonPropertyName("timeNano")] long TimeNano);

internal sealed record WireActor(string? ID, IReadOnlyDictionary<string, string>? Attributes);

internal sealed record WireFileChange(string? Path, int Kind);

internal sealed record CreatedObject(string? Id);

internal sealed record RegistryAuth(
    [property: JsonPropertyName("username")] string Username,
    [property: JsonPropertyName("password")] string Password,
    [property: JsonPropertyName("serveraddress")] string? ServerAddress);
