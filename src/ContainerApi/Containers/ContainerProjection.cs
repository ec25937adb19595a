
namespace ContainerApi.Containers;

/// <summary>Pure: turns facts (what an engine or its host said) into contracts (what a client sees).</summary>
internal static class ContainerProjection
{
    private const string HostCounters = "The container uses its host's network. Its counters are those of the host.";

    public static ContainerList ToList(ContainerCollection collection) =>
        new([.. collection.Rows.Select(ToContainer)], collection.Engines, collection.Total, collection.NextCursor, collection.IsComplete);

    public static Container ToContainer(ContainerRow row)
    {
        var facts = row.Facts;
        var group = facts.Group;
        return new(
            row.Engine, row.Id, row.ShortId, facts.Name, group.Project, group.Service, group.Replica, facts.Node,
            facts.Aliases, facts.Image, facts.ImageId, facts.CreatedAt, facts.Command, facts.State, facts.Status, facts.Health,
            [.. facts.Networks.Select(n => new NetworkAddress(n.Name, n.Ipv4, n.Ipv6, n.Gateway, n.Mac))],
            [.. facts.Ports.Select(p => new PortMapping(p.ContainerPort, p.Protocol, p.HostIp, p.HostPort))],
            facts.Labels, row.Processes, row.Network, row.Usage, row.Details, row.Size);
    }

    /// <param name="row">A row whose processes were read.</param>
    /// <param name="processes">Its processes in the requested order.</param>
    public static ContainerProcesses ToProcesses(ContainerRow row, IReadOnlyList<ContainerProcess> processes) => new(row.Engine, row.Id, processes)
    {
        State = row.Processes!.State,
        Reason = row.Processes.Reason,
        SampledAt = row.Processes.SampledAt,
        Source = row.Processes.Source,
    };

    /// <param name="cpu">The CPU usage of each process; null where it is unknown.</param>
    public static ProcessesSection Processes(Reading<IReadOnlyList<ProcessFacts>> reading, IReadOnlyList<double?>? cpu = null) => new()
    {
        State = reading.State,
        Reason = reading.Reason,
        SampledAt = reading.SampledAt,
        Source = reading.Source,
        Items = reading.Value is null
            ? null
            :
            [
                .. reading.Value.Select((p, i) => new ContainerProcess(
                    p.Pid, p.ParentPid, p.User, p.StartedAt, p.CpuTime is { } t ? (long)t.TotalMilliseconds : null,
                    i < cpu?.Count ? cpu[i] : null, p.MemoryBytes, p.Command)).OrderBy(p => p.Pid),
            ],
    };

    public static UsageSection Usage(Reading<StatisticsFacts> reading, ContainerRates rates) => new()
    {
        State = reading.State,
        Reason = reading.Reason,
        SampledAt = reading.SampledAt,
        Source = reading.Source,
        CpuPercent = rates.CpuPercent,
        CpuTimeMs = reading.Value?.CpuTime is { } used ? (long)used.TotalMilliseconds : null,
        MemoryBytes = reading.Value?.MemoryBytes,
        MemoryLimitBytes = reading.Value?.MemoryLimitBytes,
        Pids = reading.Value?.Pids,
        BlockReadBytes = reading.Value?.BlockReadBytes,
        BlockWriteBytes = reading.Value?.BlockWriteBytes,
        BlockReadBytesPerSecond = rates.BlockReadBytesPerSecond,
        BlockWriteBytesPerSecond = rates.BlockWriteBytesPerSecond,
    };

    /// <param name="membership">The owner of the network namespace.</param>
    /// <param name="reading">The reading of the owner where there is one, so that both rows have the same counters.</param>
    public static NetworkSection Network(NetworkMembership membership, Reading<StatisticsFacts> reading, ContainerRates rates)
    {
        var section = new NetworkSection
        {
            State = reading.State,
            Reason = reading.Reason,
            SampledAt = reading.SampledAt,
            Source = reading.Source,
            Mode = membership.Mode,
            SharedWith = membership.SharedWith,
        };
        if (membership.IsHost && reading.State != SectionState.NotRunning)
        {
            return Without(section, SectionState.Unsupported, HostCounters);
        }

        if (reading.State != SectionState.Ok)
        {
            return section;
        }

        var interfaces = reading.Value!.Interfaces ?? (membership.HasNone ? new Dictionary<string, InterfaceCounters>() : null);
        if (interfaces is null)
        {
            return Without(section, SectionState.Unsupported, "The engine returns no counters for this container's network.");
        }

        var sum = reading.Value.TotalTraffic;
        return section with
        {
            RxBytes = sum.RxBytes,
            RxPackets = sum.RxPackets,
            RxErrors = sum.RxErrors,
            RxDropped = sum.RxDropped,
            TxBytes = sum.TxBytes,
            TxPackets = sum.TxPackets,
            TxErrors = sum.TxErrors,
            TxDropped = sum.TxDropped,
            RxBytesPerSecond = rates.RxBytesPerSecond,
            TxBytesPerSecond = rates.TxBytesPerSecond,
            RateWindowMs = rates.RxBytesPerSecond is null ? null : rates.WindowMs,
            Interfaces = interfaces.OrderBy(i => i.Key, StringComparer.Ordinal).ToDictionary(i => i.Key, i => new InterfaceTraffic(
                i.Value.RxBytes, i.Value.RxPackets, i.Value.RxErrors, i.Value.RxDropped,
                i.Value.TxBytes, i.Value.TxPackets, i.Value.TxErrors, i.Value.TxDropped)),
        };
    }

    private static NetworkSection Without(NetworkSection section, SectionState state, string reason) =>
        section with { State = state, Reason = reason, SampledAt = null, Source = null };
}

/// <summary>The network namespace of a container.</summary>
/// <param name="Mode">The mode in the contract: <c>container</c> for a shared network.</param>
/// <param name="SharedWith">The full id of the running container whose network is shared: the first one in a chain of shared networks.</param>
/// <param name="Owner">The full id of the last running container in the chain, whose counters count for all.</param>
/// <param name="Namespace">Equal for containers in one namespace: the full id of the container that it was created for.</param>
/// <param name="IsHost">The namespace of the engine's host.</param>
/// <param name="HasNone">Only loopback.</param>
internal sealed record NetworkMembership(string? Mode, string? SharedWith, string Owner, string Namespace, bool IsHost, bool HasNone)
{
    public const int MaxChain = 16;

    /// <summary>The first peer in a chain of shared networks that <paramref name="find"/> does not know, or null.</summary>
    public static string? MissingPeer(ContainerFacts container, Func<string, ContainerFacts?> find) =>
        Peers(container, find).FirstOrDefault(p => p.Facts is null && p.Id.Length > 0).Id;

    /// <param name="find">Finds a container by id; null where it is unknown.</param>
    public static NetworkMembership Of(ContainerFacts container, Func<string, ContainerFacts?> find)
    {
        if (SharedNetwork.PeerOf(container) is null)
        {
            return new NetworkMembership(
                container.NetworkMode, null, container.Id, container.Id, container.NetworkMode is "host", HasNoNetwork(container));
        }

        var chain = Peers(container, find).ToList();
        var end = chain[^1].Facts;
        // A container keeps its network after the peer that created it has stopped or was removed: then nothing is shared.
        var running = container.HasProcesses ? chain.Select(p => p.Facts).Where(c => c?.HasProcesses == true).ToList() : [];
        var owner = running.LastOrDefault() ?? container;
        return new NetworkMembership(
            "container", running.FirstOrDefault()?.Id, owner.Id, chain[^1].Id is { Length: > 0 } creator ? creator : container.Id,
            end?.NetworkMode is "host", end is not null && HasNoNetwork(end));
    }

    /// <summary>The chain of shared networks. Its last container has a network of its own, is unknown, or ends a chain that is too long.</summary>
    private static IEnumerable<(string Id, ContainerFacts? Facts)> Peers(ContainerFacts container, Func<string, ContainerFacts?> find)
    {
        var current = container;
        for (var n = 0; n < MaxChain && current is not null && SharedNetwork.PeerOf(current) is { } peer; n++)
        {
            current = find(peer);
            yield return (peer, current);
        }
    }

    /// <summary><c>--network none</c>, or disconnected from all networks.</summary>
    private static bool HasNoNetwork(ContainerFacts container) =>
        container.NetworkMode is "none"
        || (container.Networks.Count == 0 && SharedNetwork.PeerOf(container) is null && container.NetworkMode is not "host");
}
