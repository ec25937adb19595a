using System.Text.Json.Serialization;
using ContainerApi.Api;

namespace ContainerApi.Containers.Watch;

/// <summary>One event of <c>GET /containers/watch</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(WatchSnapshot), WatchSnapshot.Type)]
[JsonDerivedType(typeof(WatchAdded), WatchAdded.Type)]
[JsonDerivedType(typeof(WatchChanged), WatchChanged.Type)]
[JsonDerivedType(typeof(WatchRemoved), WatchRemoved.Type)]
[JsonDerivedType(typeof(WatchSample), WatchSample.Type)]
[JsonDerivedType(typeof(WatchEngine), WatchEngine.Type)]
[JsonDerivedType(typeof(WatchHeartbeat), WatchHeartbeat.Type)]
[JsonDerivedType(typeof(WatchResult), WatchResult.Type)]
public abstract record WatchEvent
{
    /// <summary>The value of <c>Last-Event-ID</c> that resumes after this event. Events of one state share it.</summary>
    public string? Id { get; init; }

    /// <summary>The value of <c>type</c>, for the event field of Server-Sent Events.</summary>
    internal abstract string TypeName { get; }

    /// <summary>When the service observed the change.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>The full state. The first event, unless the watcher resumes from a state that the service still has.</summary>
public sealed record WatchSnapshot : WatchEvent
{
    internal const string Type = "snapshot";

    internal override string TypeName => Type;

    /// <summary>The matching containers.</summary>
    public required IReadOnlyList<Container> Items { get; init; }

    /// <summary>The watched engines.</summary>
    public required IReadOnlyList<EngineReport> Engines { get; init; }
}

/// <summary>A container that appeared, or began to match the filters.</summary>
public sealed record WatchAdded : WatchEvent
{
    internal const string Type = "added";

    internal override string TypeName => Type;

    /// <summary>The container. Sections that are not known yet follow with the next sample.</summary>
    public required Container Container { get; init; }
}

/// <summary>A container whose state, name, health, addresses, ports or labels changed.</summary>
public sealed record WatchChanged : WatchEvent
{
    internal const string Type = "changed";

    internal override string TypeName => Type;

    /// <summary>The container.</summary>
    public required Container Container { get; init; }
}

/// <summary>A container that was removed, or no longer matches the filters.</summary>
public sealed record WatchRemoved : WatchEvent
{
    internal const string Type = "removed";

    internal override string TypeName => Type;

    /// <summary>The engine's name.</summary>
    public required string Engine { get; init; }

    /// <summary>64 hex digits.</summary>
    public required string ContainerId { get; init; }

    /// <summary>The last name of the container.</summary>
    public required string? Name { get; init; }
}

/// <summary>New processes, counters and rates of otherwise unchanged containers, at most once per <c>interval</c>.</summary>
public sealed record WatchSample : WatchEvent
{
    internal const string Type = "sample";

    internal override string TypeName => Type;

    /// <summary>The containers with new sections.</summary>
    public required IReadOnlyList<ContainerSample> Items { get; init; }
}

/// <summary>The sections of one container.</summary>
public sealed record ContainerSample
{
    /// <summary>The engine's name.</summary>
    public required string Engine { get; init; }

    /// <summary>64 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The status text, which changes with time: <c>Up 3 minutes</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Absent where <c>include</c> excludes it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProcessesSection? Processes { get; init; }

    /// <summary>Absent where <c>include</c> excludes it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NetworkSection? Network { get; init; }

    /// <summary>Absent where <c>include</c> excludes it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UsageSection? Usage { get; init; }
}

/// <summary>An engine that became unreachable or reachable, or failed. The containers of an unreachable engine stay as last seen.</summary>
public sealed record WatchEngine : WatchEvent
{
    internal const string Type = "engine";

    internal override string TypeName => Type;

    /// <summary>The current state of the engine.</summary>
    public required EngineReport Engine { get; init; }
}

/// <summary>Nothing happened for 15 seconds; the connection stands.</summary>
public sealed record WatchHeartbeat : WatchEvent
{
    internal const string Type = "heartbeat";

    internal override string TypeName => Type;

    internal static Heartbeat<WatchEvent> Create(TimeProvider time) =>
        new(at => new WatchHeartbeat { At = at }, () => Heartbeat<WatchEvent>.DefaultInterval, time);
}

/// <summary>The last event: the service ends the stream.</summary>
public sealed record WatchResult : WatchEvent
{
    internal const string Type = "result";

    internal override string TypeName => Type;

    /// <summary><c>ended</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>Why the stream ends.</summary>
    public required string Reason { get; init; }
}
