using System.Text.Json.Serialization;
using ContainerApi.Api;

namespace ContainerApi.Containers.Watch;

/// <summary>One event of <c>GET /containers/watch</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(WatchSnapshot), "snapshot")]
[JsonDerivedType(typeof(WatchAdded), "added")]
[JsonDerivedType(typeof(WatchChanged), "changed")]
[JsonDerivedType(typeof(WatchRemoved), "removed")]
[JsonDerivedType(typeof(WatchSample), "sample")]
[JsonDerivedType(typeof(WatchEngine), "engine")]
[JsonDerivedType(typeof(WatchHeartbeat), "heartbeat")]
[JsonDerivedType(typeof(WatchResult), "result")]
public abstract record WatchEvent : StreamEvent;

/// <summary>The full state. The first event, unless the watcher resumes from a state that the service still has.</summary>
/// <param name="Items">The matching containers.</param>
/// <param name="Engines">The watched engines.</param>
public sealed record WatchSnapshot(IReadOnlyList<Container> Items, IReadOnlyList<EngineReport> Engines) : WatchEvent;

/// <summary>A container that appeared, or began to match the filters.</summary>
/// <param name="Container">The container. Sections that are not known yet follow with the next sample.</param>
public sealed record WatchAdded(Container Container) : WatchEvent;

/// <summary>A container whose state, name, health, addresses, ports or labels changed.</summary>
/// <param name="Container">The container.</param>
public sealed record WatchChanged(Container Container) : WatchEvent;

/// <summary>A container that was removed, or no longer matches the filters.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="ContainerId">64 hex digits.</param>
/// <param name="Name">The last name of the container.</param>
public sealed record WatchRemoved(string Engine, string ContainerId, [property: JsonRequired] string? Name) : WatchEvent;

/// <summary>New processes, counters and rates of otherwise unchanged containers, at most once per <c>interval</c>.</summary>
/// <param name="Items">The containers with new sections.</param>
public sealed record WatchSample(IReadOnlyList<ContainerSample> Items) : WatchEvent;

/// <summary>The sections of one container.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="ContainerId">64 hex digits.</param>
/// <param name="Status">The status text, which changes with time: <c>Up 3 minutes</c>.</param>
/// <param name="Processes">Absent where <c>include</c> excludes it.</param>
/// <param name="Network">Absent where <c>include</c> excludes it.</param>
/// <param name="Usage">Absent where <c>include</c> excludes it.</param>
/// <param name="Details">Absent unless <c>include</c> has it.</param>
/// <param name="Size">Absent unless <c>include</c> has it.</param>
public sealed record ContainerSample(
    string Engine, string ContainerId, string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ProcessesSection? Processes = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] NetworkSection? Network = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] UsageSection? Usage = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DetailsSection? Details = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SizeSection? Size = null);

/// <summary>An engine that became unreachable or reachable, or failed. The containers of an unreachable engine stay as last seen.</summary>
/// <param name="Engine">The current state of the engine.</param>
public sealed record WatchEngine(EngineReport Engine) : WatchEvent;

/// <summary>Nothing happened for 15 seconds; the connection stands.</summary>
public sealed record WatchHeartbeat : WatchEvent
{
    internal static Heartbeat<WatchEvent> Create(TimeProvider time) =>
        new((last, at) => new WatchHeartbeat { Seq = last?.Seq, At = at }, () => Heartbeat<WatchEvent>.DefaultInterval, time);
}

/// <summary>The last event: the service ends the stream.</summary>
/// <param name="State"><c>interrupted</c>: watch again after its <c>seq</c>; or <c>failed</c>.</param>
/// <param name="Error">Why the stream ends.</param>
public sealed record WatchResult(StreamOutcome State, ErrorInfo Error) : WatchEvent;
