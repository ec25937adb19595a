namespace ContainerApi.Containers;

/// <summary>Pure: turns the facts of an inspect into the sections <c>details</c> and <c>size</c>.</summary>
internal static class DetailsProjection
{
    private const int MaxHealthChecks = 5;
    private const int MaxOutput = 1024;

    public static DetailsSection Details(Reading<ContainerDetails> reading)
    {
        var section = new DetailsSection
        {
            State = reading.State,
            Reason = reading.Reason,
            SampledAt = reading.SampledAt,
            Source = reading.Source,
        };
        return reading.Value?.Inspected is not { } facts ? section : section with
        {
            StartedAt = facts.StartedAt,
            FinishedAt = facts.FinishedAt,
            ExitCode = facts.ExitCode,
            OomKilled = facts.OomKilled,
            Error = facts.Error is { } error ? new ErrorInfo(ErrorCode.EngineError.Code, error) : null,
            RestartCount = facts.RestartCount,
            RestartPolicy = facts.RestartPolicy?.ToString(),
            Pid = facts.Pid,
            Entrypoint = facts.Entrypoint,
            Arguments = facts.Arguments,
            WorkingDirectory = facts.WorkingDirectory,
            User = facts.User,
            Hostname = facts.Hostname,
            Environment = facts.Environment,
            Mounts = [.. facts.Mounts.Select(m => new ContainerMount(m.Type, m.Source, m.Destination, m.IsReadOnly))],
            Limits = new ContainerLimits(facts.MemoryLimitBytes, facts.Cpus, facts.PidsLimit),
            LogDriver = facts.LogDriver,
            HealthLog = facts.HealthLog is { } log
                ? [.. log.TakeLast(MaxHealthChecks).Select(c => new ContainerHealthCheck(c.StartedAt, c.ExitCode, Cut(c.Output)))]
                : null,
        };
    }

    public static SizeSection Size(Reading<ContainerDetails> reading) =>
        reading.State == SectionState.Ok && reading.Value?.Inspected?.WritableBytes is null
            ? new SizeSection { State = SectionState.Unsupported, Reason = "The engine returns no size of this container." }
            : new SizeSection(reading.Value?.Inspected?.WritableBytes, reading.Value?.Inspected?.RootFsBytes)
            {
                State = reading.State,
                Reason = reading.Reason,
                SampledAt = reading.SampledAt,
                Source = reading.Source,
            };

    private static string Cut(string text) =>
        text.Length <= MaxOutput ? text
        : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[MaxOutput - 1]) ? MaxOutput - 1 : MaxOutput), "…");
}
