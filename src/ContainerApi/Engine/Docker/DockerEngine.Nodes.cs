using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

internal sealed partial class DockerEngine
{
    private const int MaxInfoBytes = 4 * 1024 * 1024;

    public Task<IReadOnlyList<SwarmNode>> ListNodesAsync(string service, CancellationToken cancellationToken) =>
        WithinAsync<IReadOnlyList<SwarmNode>>(_callTimeout, async token =>
        {
            // A worker logs an error for each call about nodes.
            if ((await GetAsync("info", EngineWire.Default.WireInfo, MaxInfoBytes, token)).Swarm?.ControlAvailable is not true)
            {
                throw new EngineException(ErrorCode.FeatureUnsupported, Name, "The engine is no manager of a Swarm.");
            }

            var nodes = await GetAsync("nodes", SwarmWire.Default.WireNodeArray, _maxAnswerBytes, token);
            var filters = JsonSerializer.Serialize(
                new Dictionary<string, IReadOnlyList<string>> { ["service"] = [service] },
                EngineWire.Default.IReadOnlyDictionaryStringIReadOnlyListString);
            var tasks = await GetAsync(ToPath("tasks", [("filters", filters)]), SwarmWire.Default.WireTaskArray, _maxAnswerBytes, token);
            return SwarmTranslation.ToNodes(nodes, tasks);
        }, cancellationToken);

    /// <summary>The engine's node of a Swarm, as of one connection generation.</summary>
    private volatile OwnNode? _node;

    private sealed record OwnNode(int Generation, string? Id, string? Name);

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

    private async Task<OwnNode?> FindNodeAsync(CancellationToken cancellationToken)
    {
        var generation = _handler.ConnectionGeneration;
        if (_node is { } known && known.Generation == generation)
        {
            return known;
        }

        try
        {
            var info = await GetAsync("info", EngineWire.Default.WireInfo, MaxInfoBytes, cancellationToken);
            return _node = new OwnNode(generation, info.Swarm?.NodeID.NullIfEmpty(), info.Name.NullIfEmpty());
        }
        catch (Exception e) when (e is EngineException or JsonException)
        {
            // The list is complete without the name.
            return null;
        }
    }
}
