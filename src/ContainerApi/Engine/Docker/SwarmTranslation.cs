using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

/// <summary>Pure: a manager's answers → the nodes on which a service should run.</summary>
internal static class SwarmTranslation
{
    /// <summary>
    /// A node should run what has a task to be running there. A node that is down has only tasks that the managers gave up: those of a
    /// service with one task on each node stay in its history.
    /// </summary>
    public static IReadOnlyList<SwarmNode> ToNodes(IReadOnlyList<WireNode> nodes, IReadOnlyList<WireTask> tasks)
    {
        var byNode = tasks.ToLookup(t => t.NodeID);
        return
        [
            .. nodes.Where(n => n.Description?.Hostname is { Length: > 0 })
                .Select(n => ToNode(n, [.. byNode[n.ID].Where(t => n.Status?.State != "ready" || t.DesiredState == "running")]))
                .OfType<SwarmNode>(),
        ];
    }

    private static SwarmNode? ToNode(WireNode node, IReadOnlyList<WireTask> tasks) => tasks.Count == 0 ? null : new SwarmNode(
        node.Description!.Hostname!, node.Spec?.Role ?? "", node.Spec?.Availability ?? "", node.Status?.State == "ready", node.UpdatedAt,
        [
            .. tasks.SelectMany(t => t.NetworksAttachments ?? []).SelectMany(a => a?.Addresses ?? []).Select(a => a.Split('/')[0])
                .Append(node.Status?.Addr).OfType<string>().Where(a => a.Length > 0).Distinct(),
        ]);
}
