namespace ContainerApi;

/// <summary>The headers of requests and responses that ASP.NET Core does not name. Every layer may use them.</summary>
internal static class ApiHeaders
{
    public const string AcceptPost = "Accept-Post";
    public const string ApiKey = "X-Api-Key";
    public const string BuildId = "Build-Id";
    public const string IdempotencyKey = "Idempotency-Key";
    public const string IdempotencyReplayed = "Idempotency-Replayed";
    public const string LastEventId = "Last-Event-ID";
    public const string MissingEngines = "X-Missing-Engines";
    public const string RateLimit = "RateLimit";
    public const string RateLimitPolicy = "RateLimit-Policy";

    /// <summary>Between replicas: the process that answers, and the names of its engines, separated by spaces.</summary>
    public const string Replica = "ContainerApi-Replica";

    /// <summary>Between replicas: the nodes of a Swarm that are down, as JSON, from the replica of a manager.</summary>
    public const string DownNodes = "ContainerApi-Down-Nodes";

    /// <summary>Between replicas: how many builds each of the engines has, in the order of <see cref="Replica"/>.</summary>
    public const string Builds = "ContainerApi-Builds";

    /// <summary>Between replicas: the address of the client. Only the listener of peers believes it.</summary>
    public const string ClientAddress = "ContainerApi-Client-Address";

    public const string TraceId = "Trace-Id";

    /// <summary>The version of the HTTP contract.</summary>
    public const string Version = "ContainerApi-Version";

    /// <summary>Credentials for one registry, of Docker's clients and to the engine.</summary>
    public const string RegistryAuth = "X-Registry-Auth";

    /// <summary>Credentials for several registries by address, of Docker's clients and to the engine.</summary>
    public const string RegistryConfig = "X-Registry-Config";
}
