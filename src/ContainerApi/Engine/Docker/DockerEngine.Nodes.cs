using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    private const int MaxInfoBytes = 4 * 1024 * 1024;

    /// <summary>The engine's node of a Swarm, as of one connection generation.</summary>
    private volatile SwarmNode? _node;

    private sealed record SwarmNode(int Generation, string? Id, string? Name);

    /// <summary>
    /// Adds the name of the node to the tasks of a Swarm: their labels have its id only. The engine is asked once per connection, and
    /// never where it lists no task.
    /// </summary>
    private async Task<IReadOnlyList<ContainerFacts>> AddNodesAsync(IReadOnlyList<ContainerFacts> containers, CancellationToken cancellationToken)
    {
        if (!containers.Any(c => c.Labels.ContainsKey(ContainerGroup.NodeLabel)))
        {
            return containers;
        }

        var node = await FindNodeAsync(cancellationToken);
        return node?.Name is not { } name || name == Name
            ? containers
            : [.. containers.Select(c => c.Labels.GetValueOrDefault(ContainerGroup.NodeLabel) == node.Id ? c with { Node = name } : c)];
    }

    private async Task<SwarmNode?> FindNodeAsync(CancellationToken cancellationToken)
    {
        var generation = _handler.ConnectionGeneration;
        if (_node is { } known && known.Generation == generation)
        {
            return known;
        }

        try
        {
            var info = await GetAsync("info", EngineWire.Default.WireInfo, MaxInfoBytes, cancellationToken);
            return _node = new SwarmNode(generation, info.Swarm?.NodeID.NullIfEmpty(), info.Name.NullIfEmpty());
        }
        catch (Exception e) when (e is EngineException or JsonException)
        {
            // The list is complete without the name.
            return null;
        }
    }
}
