using System.Collections.Concurrent;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>How the reading of one section of one container ended.</summary>
/// <param name="Reason">Why there is no <paramref name="Value"/>.</param>
/// <param name="Timestamp">Our monotonic clock when it was there.</param>
internal sealed record Reading<T>(SectionState State, string? Reason, SectionSource? Source, DateTimeOffset? SampledAt, long Timestamp, T? Value)
    where T : class
{
    public static Reading<T> Ok(SectionSource source, DateTimeOffset sampledAt, long timestamp, T value) =>
        new(SectionState.Ok, null, source, sampledAt, timestamp, value);

    public static Reading<T> Failed(SectionState state, string reason, SectionSource? source = SectionSource.Engine) =>
        new(state, reason, source, null, 0, null);
}

/// <summary>What was read of one container; null where it was not wanted.</summary>
internal sealed record ContainerReading(Reading<IReadOnlyList<ProcessFacts>>? Processes, Reading<StatisticsFacts>? Statistics)
{
    public bool IsGone => Processes?.State == SectionState.Gone || Statistics?.State == SectionState.Gone;
}

/// <summary>How long and how wide a sweep may reach.</summary>
internal sealed record CollectionLimits
{
    /// <summary>For one section of one container, from the moment that the engine is asked.</summary>
    public TimeSpan Section { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For all sections of one engine, waiting included.</summary>
    public TimeSpan Engine { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary><c>top</c> at once on one engine, over all sweeps: it runs <c>ps</c> on its host, and past some only latency grows.</summary>
    public int Tops { get; init; } = 8;

    /// <summary>Statistics at once on one engine: all of a sweep, so that they meet the same tick of its collector; the bound is for file descriptors.</summary>
    public int Statistics { get; init; } = 1000;
}

/// <summary>
/// Reads processes and statistics of many containers of one engine: first (1) what its host shows, in one pass, then (2) the
/// engine for what the host left open, all statistics at once, processes a few at a time. Each section fails on its own.
/// </summary>
internal sealed class SectionReader(TimeProvider time, CollectionLimits limits)
{
    private readonly ConcurrentDictionary<string, Gates> _gates = new();

    /// <param name="containers">Those that have processes.</param>
    public async Task<IReadOnlyDictionary<string, ContainerReading>> ReadAsync(
        IEngine engine, IReadOnlyList<ContainerFacts> containers, ContainerSections sections, CancellationToken cancellationToken)
    {
        var wanted = (sections.HasFlag(ContainerSections.Processes) ? HostSections.Processes : HostSections.None)
            | ((sections & (ContainerSections.Network | ContainerSections.Usage)) != 0 ? HostSections.Statistics : HostSections.None);
        if (wanted == HostSections.None || containers.Count == 0)
        {
            return new Dictionary<string, ContainerReading>();
        }

        using var limited = new CancellationTokenSource(limits.Engine, time);
        await using var stop = limited.Follow(cancellationToken);
        var host = await ReadHostAsync(engine, containers, wanted, limited.Token);
        cancellationToken.ThrowIfCancellationRequested();
        var timestamp = time.GetTimestamp();
        var gates = _gates.GetOrAdd(engine.Name, _ => new Gates(new SemaphoreSlim(limits.Tops), new SemaphoreSlim(limits.Statistics)));
        var readings = await Task.WhenAll(containers.Select(async container =>
        {
            var sample = host.GetValueOrDefault(container.Id);
            var statistics = !wanted.HasFlag(HostSections.Statistics)
                ? null
                : sample?.Statistics is { } s && Suffices(s, container, sections)
                    ? Task.FromResult(Reading<StatisticsFacts>.Ok(SectionSource.Host, s.SampledAt, timestamp, s))
                    : AskAsync(gates.Statistics, token => engine.ReadStatisticsAsync(container.Id, token), f => f.SampledAt, limited.Token, cancellationToken);
            var processes = !wanted.HasFlag(HostSections.Processes)
                ? null
                : sample?.Processes is { } p
                    ? Task.FromResult(Reading<IReadOnlyList<ProcessFacts>>.Ok(SectionSource.Host, sample.SampledAt, timestamp, p))
                    : AskAsync(gates.Tops, token => engine.ListProcessesAsync(container.Id, token), _ => time.GetUtcNow(), limited.Token, cancellationToken);
            return new ContainerReading(processes is null ? null : await processes, statistics is null ? null : await statistics);
        }));
        return containers.Zip(readings).ToDictionary(r => r.First.Id, r => r.Second);
    }

    /// <summary>A host that fails, or is too slow, is a host that shows nothing.</summary>
    private async Task<IReadOnlyDictionary<string, HostSample>> ReadHostAsync(
        IEngine engine, IReadOnlyList<ContainerFacts> containers, HostSections wanted, CancellationToken cancellationToken)
    {
        using var limited = new CancellationTokenSource(limits.Section, time);
        await using var stop = limited.Follow(cancellationToken);
        try
        {
            return await engine.ReadHostAsync(containers, wanted, limited.Token);
        }
        catch (Exception e) when (e is EngineException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new Dictionary<string, HostSample>();
        }
    }

    /// <summary>Whether what the host showed holds every section that is wanted; a service in a container may see one half.</summary>
    private static bool Suffices(StatisticsFacts statistics, ContainerFacts container, ContainerSections sections) =>
        (!sections.HasFlag(ContainerSections.Usage) || statistics.CpuTime is not null || statistics.MemoryBytes is not null)
        && (!sections.HasFlag(ContainerSections.Network) || statistics.Interfaces is not null || container.Networks.Count == 0 || container.NetworkMode is "host");

    private async Task<Reading<T>> AskAsync<T>(
        SemaphoreSlim gate, Func<CancellationToken, Task<T>> call, Func<T, DateTimeOffset> sampledAt, CancellationToken sweep, CancellationToken caller)
        where T : class
    {
        try
        {
            await gate.WaitAsync(sweep);
            try
            {
                using var limited = new CancellationTokenSource(limits.Section, time);
                await using var stop = limited.Follow(sweep);
                var value = await call(limited.Token);
                return Reading<T>.Ok(SectionSource.Engine, sampledAt(value), time.GetTimestamp(), value);
            }
            finally
            {
                gate.Release();
            }
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            return Reading<T>.Failed(SectionState.Timeout, "The engine did not answer in time.");
        }
        catch (EngineException e)
        {
            return Reading<T>.Failed(StateOf(e.Kind), e.Message);
        }
    }

    private static SectionState StateOf(EngineErrorKind kind) => kind switch
    {
        EngineErrorKind.ContainerNotFound => SectionState.Gone,
        EngineErrorKind.NotRunning or EngineErrorKind.Conflict => SectionState.NotRunning,
        EngineErrorKind.TimedOut => SectionState.Timeout,
        EngineErrorKind.Unsupported => SectionState.Unsupported,
        _ => SectionState.Error,
    };

    private sealed record Gates(SemaphoreSlim Tops, SemaphoreSlim Statistics);
}

internal static class Cancellation
{
    /// <summary>Cancels this one, which has a deadline of its own, when <paramref name="token"/> is cancelled.</summary>
    public static CancellationTokenRegistration Follow(this CancellationTokenSource limited, CancellationToken token) =>
        token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), limited);
}
