using ContainerApi.Engine;

namespace ContainerApi.Cluster;

/// <summary>Who answers at the address of a replica.</summary>
/// <param name="Process">Differs between processes, and after a restart.</param>
/// <param name="Engines">The names of its engines.</param>
internal sealed record PeerIdentity(string Process, IReadOnlyList<string> Engines)
{
    /// <summary>Reads the header of a response; null for a server that is not a replica.</summary>
    public static PeerIdentity? Of(HttpResponseMessage response) =>
        response.Headers.TryGetValues(ApiHeaders.Replica, out var values) && string.Join(' ', values).Split(' ') is [var process, .. var engines]
            ? new PeerIdentity(process, engines) { DownNodes = DownNodesOf(response) }
            : null;

    /// <summary>The nodes of its Swarm that are down, if the replica's engine is a manager.</summary>
    public IReadOnlyList<SwarmNode> DownNodes { get; private init; } = [];

    private static SwarmNode[] DownNodesOf(HttpResponseMessage response)
    {
        try
        {
            return response.Headers.TryGetValues(ApiHeaders.DownNodes, out var values)
                ? JsonSerializer.Deserialize<SwarmNode[]>(string.Join(',', values)) ?? []
                : [];
        }
        catch (JsonException)
        {
            // A replica of another version.
            return [];
        }
    }

    public override string ToString() => string.Join(' ', Engines.Prepend(Process));
}

/// <summary>Why a replica does not answer, and since when.</summary>
internal sealed record PeerFailure(string State, ErrorInfo Error, DateTimeOffset Since)
{
    public static PeerFailure TimedOut(DateTimeOffset since) => new(
        EngineStates.Timeout, new ErrorInfo(ErrorCode.EngineTimeout.Code, "The replica of this engine did not answer in time."), since);

    /// <param name="name">The name of the engine that both replicas have.</param>
    /// <param name="other">The other replica: its address, or this one.</param>
    public static PeerFailure SameName(string name, string other, DateTimeOffset since) => new(
        EngineStates.Error,
        new ErrorInfo(
            ErrorCode.EngineError.Code,
            $"The replica is left out: its engine has the name '{name}', as the engine of {other}. Give each an own name (Engines:0:Name)."),
        since)
    {
        IsSameName = true,
    };

    /// <summary>Whether the replica answers, but has the name of another engine.</summary>
    public bool IsSameName { get; private init; }

    /// <param name="reason">The end of a sentence.</param>
    public static PeerFailure Unavailable(string reason, DateTimeOffset since) => new(
        EngineStates.Unavailable, new ErrorInfo(ErrorCode.EngineUnavailable.Code, $"The replica of this engine {reason}."), since);
}

/// <summary>The address of a replica and what is known of it.</summary>
internal sealed class Peer(string authority)
{
    private volatile PeerIdentity? _identity;
    private volatile PeerFailure? _failure;
    private volatile SwarmNode? _node;

    /// <summary><c>host:port</c>.</summary>
    public string Authority => authority;

    /// <summary>For <see cref="PeerTransport"/>, whose connections are TLS below http.</summary>
    public string Address { get; } = $"http://{authority}";

    /// <summary>Null before the first answer.</summary>
    public PeerIdentity? Identity
    {
        get => _identity;
        set => _identity = value;
    }

    /// <summary>Null while the replica answers.</summary>
    public PeerFailure? Failure
    {
        get => _failure;
        set => _failure = value;
    }

    /// <summary>The node of a Swarm on which it should run; null if unknown.</summary>
    public SwarmNode? Node
    {
        get => _node;
        set => _node = value;
    }

    /// <summary>The names of its engines; before the first answer that of its node, or its address; its address where another replica has
    /// the names.</summary>
    public IReadOnlyList<string> Names =>
        Failure is { IsSameName: true } ? [authority] : Identity?.Engines ?? [Node?.Name ?? authority];

    /// <summary>The identification that runs or ran last; guarded by the lock of <see cref="PeerDirectory"/>.</summary>
    public Task Identifying { get; set; } = Task.CompletedTask;

    /// <summary>When it may be tried again after a failure; guarded by the lock of <see cref="PeerDirectory"/>.</summary>
    public DateTimeOffset NextTry { get; set; }

    public override string ToString() => string.Join(", ", Names);
}
