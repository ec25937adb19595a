using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>How the reading of one section of one container ended.</summary>
/// <param name="Reason">Why <paramref name="Value"/> is missing.</param>
/// <param name="Timestamp">The monotonic clock of this service at the time of the reading.</param>
internal sealed record Reading<T>(SectionState State, string? Reason, SectionSource? Source, DateTimeOffset? SampledAt, long Timestamp, T? Value)
    where T : class
{
    public static Reading<T> Ok(SectionSource source, DateTimeOffset sampledAt, long timestamp, T value) =>
        new(SectionState.Ok, null, source, sampledAt, timestamp, value);

    public static Reading<T> Failed(SectionState state, string reason, SectionSource? source = SectionSource.Engine) =>
        new(state, reason, source, null, 0, null);
}

/// <summary>The readings of one container; null where a section was not requested.</summary>
internal sealed record ContainerReading(Reading<IReadOnlyList<ProcessFacts>>? Processes, Reading<StatisticsFacts>? Statistics)
{
    public bool IsGone => Processes?.State == SectionState.Gone || Statistics?.State == SectionState.Gone;
}

/// <summary>What inspects returned, by container; null where it was not requested. A late container is missing.</summary>
internal sealed record InspectionReadings(
    IReadOnlyDictionary<string, Reading<ContainerDetails>>? Details, IReadOnlyDictionary<string, Reading<ContainerDetails>>? Sizes)
{
    public static readonly InspectionReadings None = new(null, null);

    private static readonly Reading<ContainerDetails> Late =
        Reading<ContainerDetails>.Failed(SectionState.Timeout, "The engine did not answer in time.");

    public DateTimeOffset? StartOf(string id) => Details?.GetValueOrDefault(id)?.Value?.StartedAt;

    public Reading<ContainerDetails> DetailsOf(string id) => Details?.GetValueOrDefault(id) ?? Late;

    public Reading<ContainerDetails> SizeOf(string id) => Sizes?.GetValueOrDefault(id) ?? Late;

    public bool IsGone(string id) => IsGone(Details, id) || IsGone(Sizes, id);

    private static bool IsGone(IReadOnlyDictionary<string, Reading<ContainerDetails>>? readings, string id) =>
        readings?.GetValueOrDefault(id)?.State == SectionState.Gone;
}

/// <summary>Timeouts and concurrency limits of a collection.</summary>
internal sealed record CollectionLimits
{
    /// <summary>The timeout of one section of one container, from the engine call on.</summary>
    public TimeSpan Section { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The timeout of the size of one container, from the engine call on: it grows with the number of changed files.</summary>
    public TimeSpan Size { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The timeout of all sections of one engine, including waiting.</summary>
    public TimeSpan Engine { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Concurrent <c>top</c> calls per engine: each runs <c>ps</c> on the host, and more calls only add latency.</summary>
    public int Tops { get; init; } = 8;

    /// <summary>Concurrent statistics calls per engine: enough for all to share one tick of its collector. Bounds file descriptors.</summary>
    public int Statistics { get; init; } = 1000;
}

/// <summary>
/// Reads processes and statistics of many containers of one engine: (1) from its host, in one pass, (2) from the engine what
/// the host does not show: all statistics at once, processes a few at a time. Each section fails separately.
/// </summary>
internal sealed class SectionReader(TimeProvider time, CollectionLimits limits, CommandLimit? commands = null)
{
    private static readonly Dictionary<ErrorCode, SectionState> States = new()
    {
        [ErrorCode.ContainerNotFound] = SectionState.Gone,
        [ErrorCode.ContainerNotRunning] = SectionState.NotRunning,
        [ErrorCode.Conflict] = SectionState.NotRunning,
        [ErrorCode.EngineTimeout] = SectionState.Timeout,
        [ErrorCode.FeatureUnsupported] = SectionState.Unsupported,
    };

    private readonly ConcurrentDictionary<string, Gates> _gates = new();
    private readonly CommandLimit _commands = commands ?? new CommandLimit();

    /// <param name="containers">Containers with processes.</param>
    public async Task<IReadOnlyDictionary<string, ContainerReading>> ReadAsync(
        IEngine engine, IReadOnlyList<ContainerFacts> containers, ContainerSections sections, CancellationToken cancellationToken)
    {
        var wanted = (sections.HasFlag(ContainerSections.Processes) ? HostSections.Processes : HostSections.None)
            | ((sections & (ContainerSections.Network | ContainerSections.Usage)) != 0 ? HostSections.Statistics : HostSections.None);
        var fromHost = wanted.HasFlag(HostSections.Statistics) && sections.HasFlag(ContainerSections.Details)
            ? wanted | HostSections.OomKills
            : wanted;
        if (wanted == HostSections.None || containers.Count == 0)
        {
            return new Dictionary<string, ContainerReading>();
        }

        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limits.Engine);
        var host = await ReadHostAsync(engine, containers, fromHost, limited.Token);
        cancellationToken.ThrowIfCancellationRequested();
        var timestamp = time.GetTimestamp();
        var budget = _commands.StartAnswer();
        var gates = _gates.GetOrAdd(engine.Name, _ => new Gates(new SemaphoreSlim(limits.Tops), new SemaphoreSlim(limits.Statistics)));
        var readings = await Task.WhenAll(containers.Select(async container =>
        {
            var sample = host.GetValueOrDefault(container.Id);
            var id = container.Id;
            var statistics = !wanted.HasFlag(HostSections.Statistics) ? null
                : sample?.Statistics is { } s && Suffices(s, container, sections)
                    ? Task.FromResult(Reading<StatisticsFacts>.Ok(SectionSource.Host, s.SampledAt, timestamp, s))
                    : CallAsync(gates.Statistics, t => engine.ReadStatisticsAsync(id, t), x => x.SampledAt, limited.Token, cancellationToken);
            var processes = !wanted.HasFlag(HostSections.Processes) ? null
                : sample?.Processes is { } p
                    ? Task.FromResult(Reading<IReadOnlyList<ProcessFacts>>.Ok(SectionSource.Host, sample.SampledAt, timestamp, p))
                    : CallAsync(
                        gates.Tops, async t => budget.Cut(await engine.ListProcessesAsync(id, t)), _ => time.GetUtcNow(), limited.Token,
                        cancellationToken);
            return new ContainerReading(processes is null ? null : await processes, statistics is null ? null : await statistics);
        }));
        return containers.Zip(readings).ToDictionary(r => r.First.Id, r => r.Second);
    }

    /// <summary>Reads the start times of containers. Those that the engine does not return in time are missing.</summary>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadStartsAsync(
        IEngine engine, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        if (ids.Count == 0)
        {
            return ReadOnlyDictionary<string, DateTimeOffset>.Empty;
        }

        var read = await InspectAsync(engine, ids, size: false, limits.Section, limits.Section, cancellationToken);
        return read.Where(r => r.Value.Value?.StartedAt is not null).ToDictionary(r => r.Key, r => r.Value.Value!.StartedAt!.Value);
    }

    /// <summary>Reads what only an inspect has. The sizes are read by calls of their own, so that a slow walk does not delay the details.</summary>
    public async Task<InspectionReadings> InspectAsync(
        IEngine engine, IReadOnlyList<ContainerRow> rows, ContainerSections sections, CancellationToken cancellationToken)
    {
        if ((sections & (ContainerSections.Details | ContainerSections.Size)) == ContainerSections.None || rows.Count == 0)
        {
            return InspectionReadings.None;
        }

        var ids = rows.Select(r => r.Id).ToList();
        var details = sections.HasFlag(ContainerSections.Details)
            ? InspectAsync(engine, ids, size: false, limits.Section, limits.Engine, cancellationToken)
            : null;
        var sizes = sections.HasFlag(ContainerSections.Size)
            ? InspectAsync(engine, ids, size: true, limits.Size, limits.Engine, cancellationToken)
            : null;
        await Task.WhenAll(new[] { details, sizes }.OfType<Task>());
        return new InspectionReadings(details is null ? null : await details, sizes is null ? null : await sizes);
    }

    /// <param name="each">The timeout of one container.</param>
    /// <param name="all">The timeout of all. Those that the engine does not return in time are missing.</param>
    private async Task<IReadOnlyDictionary<string, Reading<ContainerDetails>>> InspectAsync(
        IEngine engine, IReadOnlyList<string> ids, bool size, TimeSpan each, TimeSpan all, CancellationToken cancellationToken)
    {
        var readings = new Dictionary<string, Reading<ContainerDetails>>(ids.Count);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(all);
        try
        {
            await foreach (var inspected in engine.InspectContainersAsync(ids, size, each, limited.Token))
            {
                readings[inspected.Id] = inspected.Details is { } details
                    ? Reading<ContainerDetails>.Ok(SectionSource.Engine, time.GetUtcNow(), time.GetTimestamp(), details)
                    : Reading<ContainerDetails>.Failed(StateOf(inspected.Failure!), inspected.Failure!.Message);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The others are late.
        }

        return readings;
    }

    /// <summary>A host that fails or is too slow counts as a host that shows nothing.</summary>
    private async Task<IReadOnlyDictionary<string, HostSample>> ReadHostAsync(
        IEngine engine, IReadOnlyList<ContainerFacts> containers, HostSections wanted, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limits.Section);
        try
        {
            return await engine.ReadHostAsync(containers, wanted, limited.Token);
        }
        catch (Exception e) when (e is EngineException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new Dictionary<string, HostSample>();
        }
    }

    /// <summary>Whether the host showed every requested section. A service in a container may see only some.</summary>
    private static bool Suffices(StatisticsFacts statistics, ContainerFacts container, ContainerSections sections) =>
        (!sections.HasFlag(ContainerSections.Usage) || statistics.CpuTime is not null || statistics.MemoryBytes is not null)
        && (!sections.HasFlag(ContainerSections.Network) || statistics.Interfaces is not null
            || container.Networks.Count == 0 || container.NetworkMode is "host");

    private async Task<Reading<T>> CallAsync<T>(
        SemaphoreSlim gate, Func<CancellationToken, Task<T>> call, Func<T, DateTimeOffset> sampledAt,
        CancellationToken collection, CancellationToken caller)
        where T : class
    {
        try
        {
            await gate.WaitAsync(collection);
            try
            {
                using var limited = CancellationTokenSource.CreateLinkedTokenSource(collection);
                limited.CancelAfter(limits.Section);
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
            return Reading<T>.Failed(StateOf(e), e.Message);
        }
    }

    private static SectionState StateOf(EngineException failure) => States.GetValueOrDefault(failure.Code, SectionState.Error);

    private sealed record Gates(SemaphoreSlim Tops, SemaphoreSlim Statistics);
}
