namespace ContainerApi.Engine.Docker.Wire;

/// <summary>A container as <c>GET /containers/ID/json</c> returns it.</summary>
internal sealed record InspectedContainer
{
    public string? Id { get; init; }
    public string? Name { get; init; }
    public InspectedConfig? Config { get; init; }
    public InspectedState? State { get; init; }
    public InspectedHostConfig? HostConfig { get; init; }
    public IReadOnlyList<InspectedMount>? Mounts { get; init; }
    public int? RestartCount { get; init; }
    public long? SizeRw { get; init; }
    public long? SizeRootFs { get; init; }
}

internal sealed record InspectedState
{
    public string? Status { get; init; }
    public InspectedHealth? Health { get; init; }
    public string? StartedAt { get; init; }
    public string? FinishedAt { get; init; }
    public long? ExitCode { get; init; }
    public bool? OOMKilled { get; init; }
    public string? Error { get; init; }
    public int? Pid { get; init; }
}

internal sealed record InspectedHealth(string? Status, IReadOnlyList<InspectedHealthResult>? Log);

internal sealed record InspectedHealthResult(string? Start, long ExitCode, string? Output);

internal sealed record InspectedConfig
{
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public string? Image { get; init; }
    public IReadOnlyList<string>? Cmd { get; init; }
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public IReadOnlyList<string>? Env { get; init; }
    public string? WorkingDir { get; init; }
    public string? User { get; init; }
    public string? Hostname { get; init; }
    public InspectedHealthcheck? Healthcheck { get; init; }
}

internal sealed record InspectedHealthcheck(IReadOnlyList<string>? Test);

internal sealed record InspectedHostConfig
{
    public long Memory { get; init; }
    public long NanoCpus { get; init; }
    public long CpuQuota { get; init; }
    public long CpuPeriod { get; init; }
    public long? PidsLimit { get; init; }
    public InspectedRestartPolicy? RestartPolicy { get; init; }
    public InspectedLogConfig? LogConfig { get; init; }
}

internal sealed record InspectedRestartPolicy(string? Name, int? MaximumRetryCount);

internal sealed record InspectedLogConfig(string? Type);

internal sealed record InspectedMount(string? Type, string? Name, string? Source, string? Destination, bool? RW);
