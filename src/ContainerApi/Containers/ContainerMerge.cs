using ContainerApi.Cluster;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>Pure: the part of this replica and those of others → one collection.</summary>
internal static class ContainerMerge
{
    /// <summary>The parameters of a part: it has all fields of the sections, so that it can be ordered and formatted here.</summary>
    public static IReadOnlyDictionary<string, string> Parameters(ContainerRequest request)
    {
        var included = ContainerColumns.Sections.Where(s => request.ReadSections.HasFlag(s.Value)).Select(s => s.Key).ToList();
        return new Dictionary<string, string> { ["include"] = included.Count == 0 ? "none" : string.Join(',', included) };
    }

    /// <exception cref="EngineException">No engine answered.</exception>
    public static ContainerCollection Merge(ContainerRequest request, PeerParts<ContainerList> others, ContainerCollection own)
    {
        var rows = own.Rows.Concat(others.Lists.SelectMany(l => l.Items).Select(ToRow));
        var hasMore = own.NextPage is not null || others.HasMore();
        var (page, next) = request.Sort.Cut(rows, after: null, request.Limit, hasMore);
        return new(
            [.. page.Select(r => r.Only(request.Sections))], Engines(own.Engines, others.Lists.SelectMany(l => l.Engines), others.Missing),
            own.Total + others.Total(), next);
    }

    /// <summary>The states of all engines.</summary>
    /// <exception cref="EngineException">No engine answered.</exception>
    public static IReadOnlyList<EngineReport> Engines(
        IEnumerable<EngineReport> own, IEnumerable<EngineReport> others, IEnumerable<MissingEngine> missing)
    {
        List<EngineReport> all = [.. own, .. others, .. missing.Select(ReportOf)];
        if (all.Count > 0 && all.TrueForAll(e => e.Error is not null))
        {
            throw EngineException.OfAll(
                [.. all.Select(e => new EngineException(ErrorCode.Find(e.Error!.Code) ?? ErrorCode.EngineUnavailable, e.Name, e.Error.Message))]);
        }

        return all;
    }

    public static EngineReport ReportOf(MissingEngine missing) => new(
        missing.Name, missing.State, null, null, missing.Error, missing.Since, missing.Node?.Role, missing.Node?.Availability);

    private static ContainerRow ToRow(Container container) => new(container.Engine, new ContainerFacts
    {
        Id = container.Id,
        Name = container.Name,
        Aliases = container.Aliases,
        Image = container.Image,
        ImageId = container.ImageId,
        CreatedAt = container.CreatedAt,
        Command = container.Command,
        State = container.State,
        Status = container.Status,
        Health = container.Health,
        Networks = [.. container.Networks.Select(n => new NetworkFacts(n.Name, n.Ipv4, n.Ipv6, n.Gateway, n.Mac))],
        Ports = [.. container.Ports.Select(p => new PortFacts(p.ContainerPort, p.Protocol, p.HostIp, p.HostPort))],
        Labels = container.Labels,
        Node = container.Node,
    })
    {
        Processes = container.Processes,
        Network = container.Network,
        Usage = container.Usage,
        Details = container.Details,
        Size = container.Size,
    };
}
