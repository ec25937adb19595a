using System.Text.Json.Serialization;

namespace ContainerApi.Engine.Docker.Wire;

/// <summary>JSON of a Swarm manager's API. Source-generated; unknown members are skipped. Shapes: API 1.41 to 1.51.</summary>
[JsonSerializable(typeof(WireNode[]))]
[JsonSerializable(typeof(WireTask[]))]
internal sealed partial class SwarmWire : JsonSerializerContext;

internal sealed record WireNode(
    string? ID, DateTimeOffset UpdatedAt, WireNodeSpec? Spec, WireNodeDescription? Description, WireNodeStatus? Status);

internal sealed record WireNodeSpec(string? Role, string? Availability);

internal sealed record WireNodeDescription(string? Hostname);

internal sealed record WireNodeStatus(string? State, string? Addr);

internal sealed record WireTask(string? NodeID, string? DesiredState, IReadOnlyList<WireAttachment?>? NetworksAttachments);

/// <param name="Addresses">Addresses with the length of their prefix.</param>
internal sealed record WireAttachment(IReadOnlyList<string>? Addresses);
