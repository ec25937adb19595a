using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ContainerApi.Engine;

/// <summary>
/// An engine as somebody sees it who is bound to containers with some labels: no other container is listed, counted, joined or
/// named by an error, and a new one has the labels. Calls by id come after a lookup in the list, so they need no check
/// of their own. Images are the engine's and stay as they are.
/// </summary>
internal sealed partial class ScopedEngine(IEngine engine, IReadOnlyList<string> labels) : IEngine
{
    private const string JoinedContainer = "container:";

    public string Name => engine.Name;

    public string Endpoint => engine.Endpoint;

    public string? ApiVersion => engine.ApiVersion;

    public string? BuildKitUnavailableReason => engine.BuildKitUnavailableReason;

    public bool IsPodman => engine.IsPodman;

    public Task<string> PingAsync(CancellationToken cancellationToken) => engine.PingAsync(cancellationToken);

    /// <summary>The engine counts all its containers; these counts are of the visible ones.</summary>
    public async Task<EngineInfo> DescribeAsync(CancellationToken cancellationToken)
    {
        var listing = ListContainersAsync(new ContainerFilter(All: true), cancellationToken);
        var info = await engine.DescribeAsync(cancellationToken);
        var containers = await listing;
        var (running, paused) = (containers.Count(c => c.State == ContainerStates.Running), containers.Count(c => c.State == ContainerStates.Paused));
        return info with
        {
            Containers = containers.Count,
            ContainersRunning = running,
            ContainersPaused = paused,
            ContainersStopped = containers.Count - running - paused,
        };
    }

    /// <summary>The engine narrows its list; what it answers is looked at all the same, for this is no mere filter.</summary>
    public async Task<IReadOnlyList<ContainerFacts>> ListContainersAsync(ContainerFilter filter, CancellationToken cancellationToken) =>
        await WithoutPeersAsync(await ListVisibleAsync(filter, cancellationToken), cancellationToken);

    private async Task<IReadOnlyList<ContainerFacts>> ListVisibleAsync(ContainerFilter filter, CancellationToken cancellationToken)
    {
        var filters = new Dictionary<string, IReadOnlyList<string>>(filter.Filters ?? new Dictionary<string, IReadOnlyList<string>>());
        filters["label"] = [.. filters.GetValueOrDefault("label", []), .. labels];
        var listed = await engine.ListContainersAsync(filter with { Filters = filters }, cancellationToken);
        return [.. listed.Where(c => LabelSelector.Matches(labels, c.Labels))];
    }

    /// <summary>Nor do the rows name others: by the network that they share, or by links.</summary>
    private async Task<IReadOnlyList<ContainerFacts>> WithoutPeersAsync(IReadOnlyList<ContainerFacts> rows, CancellationToken cancellationToken)
    {
        var known = rows.Select(r => r.Id).ToHashSet();
        if (rows.Any(NamesAnother))
        {
            // Those that a filter left out are visible all the same.
            var visible = await ListVisibleAsync(new ContainerFilter(All: true), cancellationToken);
            known.UnionWith(visible.Select(c => c.Id));
        }

        return [.. rows.Select(r => r with { Aliases = [], NetworkMode = NamesAnother(r) ? JoinedContainer : r.NetworkMode })];

        bool NamesAnother(ContainerFacts row) =>
            row.NetworkMode?.StartsWith(JoinedContainer, StringComparison.Ordinal) == true && !known.Contains(row.NetworkMode[JoinedContainer.Length..]);
    }

    public Task<IReadOnlyList<ProcessFacts>> ListProcessesAsync(string id, CancellationToken cancellationToken) => engine.ListProcessesAsync(id, cancellationToken);

    public Task<StatisticsFacts> ReadStatisticsAsync(string id, CancellationToken cancellationToken) => engine.ReadStatisticsAsync(id, cancellationToken);

    public Task<IReadOnlyDictionary<string, HostSample>> ReadHostAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken cancellationToken) =>
        engine.ReadHostAsync(containers, sections, cancellationToken);

    /// <summary>Events are of all containers: nobody may be handed them unseen.</summary>
    public IAsyncEnumerable<ContainerEvent> WatchContainersAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException("The events of an engine are not narrowed.");

    /// <summary>An invisible container may have a name that is an id prefix of a visible one: then the visible containers are matched.</summary>
    public async Task<ContainerDetails> InspectContainerAsync(string container, CancellationToken cancellationToken)
    {
        try
        {
            var details = await engine.InspectContainerAsync(container, cancellationToken);
            if (LabelSelector.Matches(labels, details.Labels))
            {
                return details;
            }
        }
        catch (EngineException e) when (e.Kind == EngineErrorKind.Conflict)
        {
            // The prefix is ambiguous among all containers of the engine.
        }

        var visible = await ListVisibleAsync(new ContainerFilter(All: true), cancellationToken);
        return ContainerMatch.Find(visible, container) switch
        {
            [var one] => ContainerDetails.Of(one),
            [] => throw new EngineException(EngineErrorKind.ContainerNotFound, Name, $"There is no container '{container}'."),
            _ => throw new EngineException(EngineErrorKind.Conflict, Name, $"'{container}' is ambiguous."),
        };
    }

    public Task<ContainerConfiguration> ReadConfigurationAsync(string container, CancellationToken cancellationToken) => engine.ReadConfigurationAsync(container, cancellationToken);

    public Task<IReadOnlyList<FileChange>> ListFileChangesAsync(string container, int most, CancellationToken cancellationToken) =>
        engine.ListFileChangesAsync(container, most, cancellationToken);

    public Task<CreatedContainer> CreateContainerAsync(ContainerSpec spec, CancellationToken cancellationToken) => HideAsync(async () =>
    {
        var scoped = spec with
        {
            Labels = Labelled(spec.Labels),
            NetworkMode = await ResolveNetworkAsync(spec.NetworkMode, cancellationToken),
        };
        return await engine.CreateContainerAsync(scoped, cancellationToken);
    });

    public Task StartContainerAsync(string container, CancellationToken cancellationToken) => HideAsync(() => engine.StartContainerAsync(container, cancellationToken));

    public Task StopContainerAsync(string container, TimeSpan? grace, CancellationToken cancellationToken) =>
        HideAsync(() => engine.StopContainerAsync(container, grace, cancellationToken));

    public Task RestartContainerAsync(string container, TimeSpan? grace, CancellationToken cancellationToken) =>
        HideAsync(() => engine.RestartContainerAsync(container, grace, cancellationToken));

    public Task RemoveContainerAsync(string container, bool force, bool volumes, CancellationToken cancellationToken) =>
        HideAsync(() => engine.RemoveContainerAsync(container, force, volumes, cancellationToken));

    public Task<IReadOnlyList<ImageFacts>> ListImagesAsync(
        IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken cancellationToken) => engine.ListImagesAsync(filters, cancellationToken);

    public Task<ImageDetails> InspectImageAsync(string reference, CancellationToken cancellationToken) => engine.InspectImageAsync(reference, cancellationToken);

    public Task TagImageAsync(string source, string repository, string tag, CancellationToken cancellationToken) =>
        engine.TagImageAsync(source, repository, tag, cancellationToken);

    public Task<RemovedImage> RemoveImageAsync(string reference, bool force, CancellationToken cancellationToken) =>
        HideAsync(() => engine.RemoveImageAsync(reference, force, cancellationToken));

    public IAsyncEnumerable<TransferFacts> PullImageAsync(
        string reference, string? platform, RegistryCredentials? credentials, CancellationToken cancellationToken) =>
        engine.PullImageAsync(reference, platform, credentials, cancellationToken);

    public IAsyncEnumerable<TransferFacts> PushImageAsync(string reference, RegistryCredentials? credentials, CancellationToken cancellationToken) =>
        engine.PushImageAsync(reference, credentials, cancellationToken);

    public Task<string> CommitContainerAsync(CommitSpec spec, CancellationToken cancellationToken) => engine.CommitContainerAsync(spec, cancellationToken);

    public async IAsyncEnumerable<BuildFact> BuildAsync(BuildSpec spec, Stream context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scoped = spec with { Network = await ResolveNetworkAsync(spec.Network, cancellationToken) };
        await foreach (var fact in engine.BuildAsync(scoped, context, cancellationToken))
        {
            yield return fact;
        }
    }

    /// <summary>The labels that make a new container visible to who asked for it; of a label without a value only its name is known.</summary>
    private Dictionary<string, string> Labelled(IReadOnlyDictionary<string, string> asked)
    {
        var all = new Dictionary<string, string>(asked);
        foreach (var label in labels)
        {
            var parts = label.Split('=', 2);
            var known = all.TryGetValue(parts[0], out var value);
            if (parts is [_, var wanted] ? known && value != wanted : !known)
            {
                throw new EngineException(EngineErrorKind.Denied, Name, $"A container of yours has the label '{label}'.");
            }

            all[parts[0]] = parts is [_, var given] ? given : value!;
        }

        return all;
    }

    /// <summary>
    /// Replaces the reference in <c>container:REFERENCE</c> with the full id of a visible container. The engine resolves names and
    /// prefixes among all its containers, so the caller's text could select an invisible one; a full id takes precedence there.
    /// </summary>
    private async Task<string?> ResolveNetworkAsync(string? network, CancellationToken cancellationToken)
    {
        if (network?.StartsWith(JoinedContainer, StringComparison.Ordinal) != true)
        {
            return network;
        }

        var reference = network[JoinedContainer.Length..];
        var visible = await ListVisibleAsync(new ContainerFilter(All: true), cancellationToken);
        return reference.Length > 0 && ContainerMatch.Find(visible, reference) is [var joined]
            ? JoinedContainer + joined.Id
            : throw new EngineException(EngineErrorKind.ContainerNotFound, Name, $"There is no container '{reference}'.");
    }

    private static async Task HideAsync(Func<Task> call) => await HideAsync(async () =>
    {
        await call();
        return true;
    });

    /// <summary>An engine's error names the containers that are in the way by their ids.</summary>
    private static async Task<T> HideAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (EngineException e) when (Id.IsMatch(e.Message))
        {
            throw new EngineException(e.Kind, e.Engine, Id.Replace(e.Message, "(id)"), e);
        }
    }

    [GeneratedRegex(@"\b[0-9a-f]{12,64}\b", RegexOptions.CultureInvariant)]
    private static partial Regex Id { get; }
}
