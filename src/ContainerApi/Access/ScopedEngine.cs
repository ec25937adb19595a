using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ContainerApi.Engine;

namespace ContainerApi.Access;

/// <summary>
/// Limits an engine to the visible containers. Invisible containers are not listed, counted, joined or named in errors; new
/// containers get the caller's labels. Calls by id follow an inspect, so they are not checked again. Images are not limited.
/// </summary>
internal sealed partial class ScopedEngine(IEngine engine, Visibility visibility) : IEngine
{
    private const int MaxNoBuildSteps = 10_000;

    /// <summary>Ids of containers of each engine that may be build steps and are none, which does not change.</summary>
    private static readonly ConditionalWeakTable<IEngine, ConcurrentDictionary<string, bool>> NoBuildSteps = [];

    public string Name => engine.Name;

    public string Endpoint => engine.Endpoint;

    public EngineCapabilities? Capabilities => engine.Capabilities;

    public Task<EngineCapabilities> PingAsync(CancellationToken cancellationToken) => engine.PingAsync(cancellationToken);

    /// <summary>Replaces the engine's counts, which include all containers.</summary>
    public async Task<EngineInfo> DescribeAsync(CancellationToken cancellationToken)
    {
        var listing = ListContainersAsync(new ContainerFilter(All: true), cancellationToken);
        var info = await engine.DescribeAsync(cancellationToken);
        var containers = await listing;
        var running = containers.Count(c => c.State == ContainerStates.Running);
        var paused = containers.Count(c => c.State == ContainerStates.Paused);
        return info with
        {
            Containers = containers.Count,
            ContainersRunning = running,
            ContainersPaused = paused,
            ContainersStopped = containers.Count - running - paused,
        };
    }

    public async Task<IReadOnlyList<ContainerFacts>> ListContainersAsync(ContainerFilter filter, CancellationToken cancellationToken) =>
        await WithoutPeersAsync(await ListVisibleAsync(filter, cancellationToken), cancellationToken);

    /// <summary>The engine filters by label. The answer is checked again, because visibility must not depend on the engine's filter.</summary>
    private async Task<IReadOnlyList<ContainerFacts>> ListVisibleAsync(ContainerFilter filter, CancellationToken cancellationToken)
    {
        var filters = new Dictionary<string, IReadOnlyList<string>>(filter.Filters ?? new Dictionary<string, IReadOnlyList<string>>());
        filters["label"] = [.. filters.GetValueOrDefault("label", []), .. visibility.Labels ?? []];
        var listed = await engine.ListContainersAsync(filter with { Filters = filters }, cancellationToken);
        var visible = listed.Where(c => visibility.IncludesContainer(c.Labels)).ToList();
        var steps = await FindBuildStepsAsync([.. visible.Where(c => c.MayBeBuildStep).Select(c => c.Id)], cancellationToken);
        return steps.Count == 0 ? visible : [.. visible.Where(c => !steps.Contains(c.Id))];
    }

    /// <summary>The containers of a build's steps have the labels that a Dockerfile gives to its image: no caller with labels sees them.</summary>
    private async Task<HashSet<string>> FindBuildStepsAsync(IReadOnlyList<string> candidates, CancellationToken cancellationToken)
    {
        var steps = new HashSet<string>();
        var known = NoBuildSteps.GetOrCreateValue(engine);
        var unknown = candidates.Where(id => !known.ContainsKey(id)).ToList();
        if (unknown.Count == 0)
        {
            return steps;
        }

        await foreach (var inspected in engine.InspectContainersAsync(unknown, size: false, timeout: null, cancellationToken))
        {
            if (inspected.Failure is { } failure && failure.Code != ErrorCode.ContainerNotFound)
            {
                throw failure;
            }

            // One that was removed after the list is treated as a step: the container of a step is removed soon.
            if (inspected.Details?.IsBuildStep != false)
            {
                steps.Add(inspected.Id);
                continue;
            }

            if (known.Count >= MaxNoBuildSteps)
            {
                known.Clear();
            }

            known[inspected.Id] = true;
        }

        return steps;
    }

    /// <summary>Removes invisible containers from shared networks and links.</summary>
    private async Task<IReadOnlyList<ContainerFacts>> WithoutPeersAsync(IReadOnlyList<ContainerFacts> rows, CancellationToken cancellationToken)
    {
        var visible = rows.Select(r => r.Id).ToHashSet();
        if (rows.Any(r => SharedNetwork.PeerOf(r) is { } peer && !visible.Contains(peer)))
        {
            // The filter may have excluded visible containers.
            visible.UnionWith((await ListVisibleAsync(new ContainerFilter(All: true), cancellationToken)).Select(c => c.Id));
        }

        return [.. rows.Select(r => r.WithoutPeers(visible.Contains))];
    }

    public Task<IReadOnlyList<ProcessFacts>> ListProcessesAsync(string id, CancellationToken cancellationToken) =>
        engine.ListProcessesAsync(id, cancellationToken);

    public Task<StatisticsFacts> ReadStatisticsAsync(string id, CancellationToken cancellationToken) =>
        engine.ReadStatisticsAsync(id, cancellationToken);

    public Task<IReadOnlyDictionary<string, HostSample>> ReadHostAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken cancellationToken) =>
        engine.ReadHostAsync(containers, sections, cancellationToken);

    public IAsyncEnumerable<ContainerEvent> WatchContainersAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException("Events include all containers and are not filtered by visibility.");

    public IAsyncEnumerable<LogLines> ReadLogsAsync(string id, LogRange range, CancellationToken cancellationToken) =>
        engine.ReadLogsAsync(id, range, cancellationToken);

    /// <summary>Falls back to the visible containers where the engine finds an invisible one, by its name, or several.</summary>
    public async Task<ContainerDetails> InspectContainerAsync(ContainerReference container, CancellationToken cancellationToken)
    {
        try
        {
            var details = await engine.InspectContainerAsync(container, cancellationToken);
            if (visibility.IncludesContainer(details.Labels) && !details.IsBuildStep)
            {
                return details;
            }
        }
        catch (EngineException e) when (e.Code == ErrorCode.AmbiguousReference)
        {
            // The prefix is ambiguous among all containers of the engine.
        }

        var visible = await ListVisibleAsync(new ContainerFilter(All: true), cancellationToken);
        return ContainerMatch.Find(visible, container) switch
        {
            [var one] => ContainerDetails.Of(one),
            [] => throw new EngineException(ErrorCode.ContainerNotFound, Name, $"There is no container '{container}'."),
            _ => throw new EngineException(ErrorCode.AmbiguousReference, Name, $"'{container}' is ambiguous."),
        };
    }

    public IAsyncEnumerable<ContainerInspection> InspectContainersAsync(
        IReadOnlyList<string> ids, bool size, TimeSpan? timeout, CancellationToken cancellationToken) =>
        engine.InspectContainersAsync(ids, size, timeout, cancellationToken);

    public Task<ContainerConfiguration> ReadConfigurationAsync(string id, CancellationToken cancellationToken) =>
        engine.ReadConfigurationAsync(id, cancellationToken);

    public Task<IReadOnlyList<SwarmNode>> ListNodesAsync(string service, CancellationToken cancellationToken) =>
        engine.ListNodesAsync(service, cancellationToken);

    public Task<IReadOnlyList<FileChange>> ListFileChangesAsync(string id, int max, CancellationToken cancellationToken) =>
        engine.ListFileChangesAsync(id, max, cancellationToken);

    public Task<CreatedContainer> CreateContainerAsync(ContainerSpec spec, CancellationToken cancellationToken) => RedactIdsAsync(async () =>
    {
        var scoped = spec with
        {
            Labels = AddLabels(spec.Labels),
            NetworkMode = await ResolveNetworkAsync(spec.NetworkMode, cancellationToken),
        };
        return await engine.CreateContainerAsync(scoped, cancellationToken);
    });

    public Task StartContainerAsync(string id, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.StartContainerAsync(id, cancellationToken));

    public Task StopContainerAsync(string id, TimeSpan? grace, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.StopContainerAsync(id, grace, cancellationToken));

    public Task RestartContainerAsync(string id, TimeSpan? grace, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.RestartContainerAsync(id, grace, cancellationToken));

    public Task PauseContainerAsync(string id, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.PauseContainerAsync(id, cancellationToken));

    public Task UnpauseContainerAsync(string id, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.UnpauseContainerAsync(id, cancellationToken));

    public Task KillContainerAsync(string id, string? signal, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.KillContainerAsync(id, signal, cancellationToken));

    public Task RenameContainerAsync(string id, string name, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.RenameContainerAsync(id, name, cancellationToken));

    public Task RemoveContainerAsync(string id, bool force, bool volumes, CancellationToken cancellationToken) =>
        RedactIdsAsync(() => engine.RemoveContainerAsync(id, force, volumes, cancellationToken));

    public Task<string> CommitContainerAsync(CommitSpec spec, CancellationToken cancellationToken) =>
        engine.CommitContainerAsync(spec, cancellationToken);

    public Task<IReadOnlyList<CacheRecord>> ListCacheAsync(CancellationToken cancellationToken) => throw NotOfCallersWithLabels();

    public Task<IReadOnlyList<CacheRecord>> PruneCacheAsync(CachePrune prune, CancellationToken cancellationToken) =>
        throw NotOfCallersWithLabels();

    /// <summary>Records of the build cache have the commands of all builds, and no owner.</summary>
    private EngineException NotOfCallersWithLabels() =>
        new(ErrorCode.Forbidden, Name, "The build cache belongs to all callers: a caller with labels cannot read or prune it.");

    public async IAsyncEnumerable<BuildFact> BuildAsync(
        BuildSpec spec, BuildInput context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (spec.CgroupParent is not null)
        {
            // A cgroup can be that of an invisible container: its memory limit would count the steps, and its processes would include theirs.
            throw new EngineException(ErrorCode.Forbidden, Name, "A caller with labels cannot choose the parent cgroup.")
            {
                Fields = ["cgroupParent"],
            };
        }

        var scoped = spec with { Network = await ResolveNetworkAsync(spec.Network, cancellationToken) };
        await foreach (var fact in engine.BuildAsync(scoped, context, cancellationToken))
        {
            yield return fact;
        }
    }

    /// <summary>Adds the labels that make a new container visible to its creator. A selector without a value requires a label with that
    /// name.</summary>
    private Dictionary<string, string> AddLabels(IReadOnlyDictionary<string, string> requested)
    {
        if (visibility.Labels is [])
        {
            throw new EngineException(ErrorCode.Forbidden, Name, "This caller sees no containers and cannot create any.");
        }

        var all = new Dictionary<string, string>(requested);
        foreach (var label in visibility.Labels ?? [])
        {
            var parts = label.Split('=', 2);
            var isGiven = all.TryGetValue(parts[0], out var value);
            if (parts is [_, var required] ? isGiven && value != required : !isGiven)
            {
                throw new EngineException(ErrorCode.Forbidden, Name, $"The container must have the label '{label}'.") { Fields = ["labels"] };
            }

            all[parts[0]] = parts is [_, var scoped] ? scoped : value!;
        }

        return all;
    }

    /// <summary>
    /// Replaces the reference in <c>container:REFERENCE</c> with the full id of a visible container. The engine resolves names and
    /// prefixes among all its containers, so the caller's text could select an invisible one; a full id takes precedence there.
    /// </summary>
    private async Task<string?> ResolveNetworkAsync(string? network, CancellationToken cancellationToken)
    {
        if (SharedNetwork.PeerOf(network) is not { } reference)
        {
            return network;
        }

        var visible = await ListVisibleAsync(new ContainerFilter(All: true), cancellationToken);
        return reference.Length > 0 && ContainerMatch.Find(visible, new ContainerReference(reference)) is [var joined]
            ? SharedNetwork.Prefix + joined.Id
            : throw new EngineException(ErrorCode.ContainerNotFound, Name, $"There is no container '{reference}'.");
    }

    private static async Task RedactIdsAsync(Func<Task> call) => await RedactIdsAsync(async () =>
    {
        await call();
        return true;
    });

    /// <summary>Redacts the ids of containers in an engine's error.</summary>
    private static async Task<T> RedactIdsAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (EngineException e) when (Id.IsMatch(e.Message))
        {
            throw new EngineException(e.Code, e.Engine, Id.Replace(e.Message, "(id)"), e) { Fields = e.Fields };
        }
    }

    [GeneratedRegex(@"\b[0-9a-f]{12,64}\b", RegexOptions.CultureInvariant)]
    private static partial Regex Id { get; }
}
