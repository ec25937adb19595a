namespace ContainerApi.Engine.Facts;

/// <summary>The application that a container belongs to, by the labels of the tool that created it.</summary>
/// <param name="Project">The Compose project or the Swarm stack.</param>
/// <param name="Service">The service, without the name of its stack.</param>
/// <param name="Replica">Compose's container number, or Swarm's slot.</param>
internal readonly record struct ContainerGroup(string? Project, string? Service, int? Replica)
{
    /// <summary>The id of the Swarm node on which the container runs.</summary>
    public const string NodeLabel = "com.docker.swarm.node.id";

    /// <summary>docker/compose <c>pkg/api/labels.go</c>; podman-compose sets both families.</summary>
    private const string ComposeProject = "com.docker.compose.project";
    private const string ComposeService = "com.docker.compose.service";
    private const string ComposeNumber = "com.docker.compose.container-number";
    private const string PodmanProject = "io.podman.compose.project";
    private const string PodmanService = "io.podman.compose.service";

    /// <summary>docker/cli <c>cli/compose/convert</c> and moby <c>daemon/cluster/executor/container</c>.</summary>
    private const string Stack = "com.docker.stack.namespace";
    private const string SwarmService = "com.docker.swarm.service.name";
    private const string SwarmTask = "com.docker.swarm.task.name";

    /// <summary>An empty label counts as a missing one.</summary>
    public static ContainerGroup Of(IReadOnlyDictionary<string, string> labels)
    {
        if (labels.Count == 0)
        {
            return default;
        }

        var stack = Value(labels, Stack);
        return new ContainerGroup(
            Value(labels, ComposeProject) ?? stack ?? Value(labels, PodmanProject),
            Value(labels, ComposeService) ?? WithoutStack(Value(labels, SwarmService), stack) ?? Value(labels, PodmanService),
            Number(Value(labels, ComposeNumber)) ?? Slot(Value(labels, SwarmTask)));
    }

    private static string? Value(IReadOnlyDictionary<string, string> labels, string name) =>
        labels.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    private static string? WithoutStack(string? service, string? stack) =>
        service is not null && stack is not null && service.Length > stack.Length + 1 && service[stack.Length] == '_'
        && service.StartsWith(stack, StringComparison.Ordinal)
            ? service[(stack.Length + 1)..]
            : service;

    /// <summary>A task is named <c>SERVICE.SLOT.ID</c>, or <c>SERVICE.NODE.ID</c> in a service with one task on each node.</summary>
    private static int? Slot(string? task)
    {
        var id = task?.LastIndexOf('.') ?? -1;
        var slot = id > 0 ? task!.LastIndexOf('.', id - 1) : -1;
        return slot > 0 ? Number(task.AsSpan((slot + 1)..id)) : null;
    }

    private static int? Number(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
