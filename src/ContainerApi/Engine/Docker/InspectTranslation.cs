using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

/// <summary>Converts an inspected container to facts.</summary>
internal static class InspectTranslation
{
    /// <summary>moby <c>daemon/cgroups_linux.go</c>: the period in microseconds if only a quota is set.</summary>
    private const double DefaultCpuPeriod = 100_000;

    private const double NanosPerCpu = 1e9;

    /// <exception cref="JsonException">The id is missing or invalid.</exception>
    public static ContainerDetails ToDetails(InspectedContainer container)
    {
        if (!ContainerTranslation.IsId(container.Id))
        {
            throw new JsonException("A container without an id.");
        }

        var facts = ToFacts(container);
        return new ContainerDetails(
            container.Id, container.Name?.TrimStart('/') ?? new ShortId(container.Id).ToString(),
            container.Config?.Labels.WithoutNulls() ?? new Dictionary<string, string>(),
            facts.StartedAt, IsBuildStep(container.Config))
        {
            Health = ContainerTranslation.ToHealth(container.State?.Health?.Status),
            State = container.State?.Status,
            Inspected = facts,
        };
    }

    /// <summary>
    /// The classic builder (moby <c>builder/dockerfile</c>) creates containers from the id of the last step's image. It runs <c>RUN</c>
    /// without a health check and marks the command of every other step. A Dockerfile cannot change either.
    /// </summary>
    private static bool IsBuildStep(InspectedConfig? config) =>
        config is { Image: null or "" or ['s', 'h', 'a', '2', '5', '6', ':', ..] }
        && (config.Healthcheck?.Test is ["NONE"] || config.Cmd?.Contains("#(nop) ") == true);

    private static InspectedFacts ToFacts(InspectedContainer container)
    {
        var (config, state, host) = (container.Config, container.State, container.HostConfig);
        var startedAt = ToTime(state?.StartedAt);
        var isOver = startedAt is not null && state?.Status is not (ContainerStates.Running or ContainerStates.Paused or ContainerStates.Created);
        return new InspectedFacts
        {
            StartedAt = startedAt,
            FinishedAt = ToTime(state?.FinishedAt),
            // The engine returns 0 while a container runs.
            ExitCode = isOver ? state?.ExitCode : null,
            OomKilled = state?.OOMKilled,
            Error = state?.Error.NullIfEmpty(),
            RestartCount = container.RestartCount,
            RestartPolicy = ToRestartPolicy(host?.RestartPolicy),
            Pid = state?.Pid is > 0 and var pid ? pid : null,
            Entrypoint = config?.Entrypoint?.WithoutNulls(),
            Arguments = config?.Cmd?.WithoutNulls(),
            WorkingDirectory = config?.WorkingDir.NullIfEmpty(),
            User = config?.User.NullIfEmpty(),
            Hostname = config?.Hostname.NullIfEmpty(),
            Environment = config?.Env.ToVariables() ?? new Dictionary<string, string>(),
            Mounts = [.. container.Mounts.WithoutNulls().Select(ToMount).OrderBy(m => m.Destination, StringComparer.Ordinal)],
            MemoryLimitBytes = host?.Memory is > 0 and var memory ? memory : null,
            Cpus = ToCpus(host),
            PidsLimit = host?.PidsLimit is > 0 and var pids ? pids : null,
            LogDriver = host?.LogConfig?.Type.NullIfEmpty(),
            HealthLog = state?.Health?.Log is { } log
                ? [.. log.WithoutNulls().Select(c => new HealthCheckFacts(ToTime(c.Start), c.ExitCode, c.Output ?? ""))]
                : null,
            WritableBytes = container.SizeRw,
            RootFsBytes = container.SizeRootFs,
        };
    }

    /// <summary>The engine returns the year 1 for a time that was not reached.</summary>
    private static DateTimeOffset? ToTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && time.Year > 1
            ? time.ToUniversalTime()
            : null;

    private static RestartPolicy? ToRestartPolicy(InspectedRestartPolicy? policy) => policy is null
        ? null
        : new RestartPolicy(policy.Name.NullIfEmpty() ?? "no", policy.MaximumRetryCount is > 0 and var max ? max : null);

    private static MountFacts ToMount(InspectedMount mount) => new(
        mount.Type.NullIfEmpty() ?? "bind", mount.Type is "volume" ? mount.Name.NullIfEmpty() ?? mount.Source : mount.Source.NullIfEmpty(),
        mount.Destination ?? "", mount.RW == false);

    private static double? ToCpus(InspectedHostConfig? host) => host switch
    {
        { NanoCpus: > 0 } => host.NanoCpus / NanosPerCpu,
        { CpuQuota: > 0 } => Math.Round(host.CpuQuota / (host.CpuPeriod > 0 ? host.CpuPeriod : DefaultCpuPeriod), 3),
        _ => null,
    };
}
