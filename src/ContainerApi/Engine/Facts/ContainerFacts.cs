namespace ContainerApi.Engine.Facts;

/// <summary>One row of the engine's container list.</summary>
internal sealed record ContainerFacts
{
    /// <summary>64 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The container's own name, without the engine's leading slash; null without one.</summary>
    public required string? Name { get; init; }

    /// <summary>Names that links of other containers gave it (<c>other/alias</c>).</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
    public required string Image { get; init; }
    public required string ImageId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public string Command { get; init; } = "";
    public required string State { get; init; }
    public string Status { get; init; } = "";

    /// <summary><c>starting</c>, <c>healthy</c>, <c>unhealthy</c>, or null without a health check.</summary>
    public string? Health { get; init; }

    /// <summary><c>bridge</c>, <c>host</c>, <c>none</c>, <c>container:ID</c> or a network's name; never <c>default</c>.</summary>
    public string? NetworkMode { get; init; }
    public IReadOnlyList<NetworkFacts> Networks { get; init; } = [];
    public IReadOnlyList<PortFacts> Ports { get; init; } = [];
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The application that the container belongs to, by its labels.</summary>
    public ContainerGroup Group => ContainerGroup.Of(Labels);

    /// <summary>The name of the Swarm node that runs the container; null without Swarm, and where it is the engine's name.</summary>
    public string? Node { get; init; }

    /// <summary>The exit code of the last run, from the status: <c>Exited (137) 2 hours ago</c>; null where it has none.</summary>
    public int? ExitCode
    {
        get
        {
            var code = Status.AsSpan() is ['E', 'x', 'i', 't', 'e', 'd', ' ', '(', .. var exited] ? exited
                : Status.AsSpan() is ['R', 'e', 's', 't', 'a', 'r', 't', 'i', 'n', 'g', ' ', '(', .. var restarting] ? restarting
                : default;
            return code.IndexOf(')') is > 0 and var end && int.TryParse(code[..end], CultureInfo.InvariantCulture, out var number) ? number : null;
        }
    }

    /// <summary>Whether it was created from an image's id or from none, as the containers of build steps are, or its image's name now has
    /// another image. Only an inspect distinguishes these.</summary>
    public bool MayBeBuildStep => Image.Length == 0 || Image.StartsWith("sha256:", StringComparison.Ordinal);

    /// <summary>Whether it is running or paused. A restarting container has no processes between two attempts.</summary>
    public bool HasProcesses => State is ContainerStates.Running or ContainerStates.Paused;
}

/// <summary>A container's addresses in one network.</summary>
internal sealed record NetworkFacts(string Name, string? Ipv4, string? Ipv6, string? Gateway, string? Mac);

/// <summary>A port of a container. An exposed port that is not published has no host address and no host port.</summary>
internal sealed record PortFacts(int ContainerPort, string Protocol, string? HostIp, int? HostPort);

/// <summary>The states of a container, as the engine names them.</summary>
internal static class ContainerStates
{
    public const string Created = "created";
    public const string Running = "running";
    public const string Paused = "paused";
    public const string Restarting = "restarting";
    public const string Removing = "removing";
    public const string Exited = "exited";
    public const string Dead = "dead";

    public static readonly IReadOnlyList<string> All = [Created, Running, Paused, Restarting, Removing, Exited, Dead];
}

/// <summary>Filters of a container list: the engine combines filters with AND, the values of one with OR.</summary>
/// <param name="All">Includes stopped containers.</param>
/// <param name="Filters">The engine's filters by name (<c>id</c>, <c>name</c>, <c>status</c>, <c>label</c> …).</param>
internal sealed record ContainerFilter(bool All, IReadOnlyDictionary<string, IReadOnlyList<string>>? Filters = null);

/// <summary>The identity of a container from an inspect. <paramref name="Labels"/> decide about visibility.</summary>
/// <param name="StartedAt">The last start; null where unknown.</param>
/// <param name="IsBuildStep">Whether the classic builder made it for one step of a build. It has the labels that the Dockerfile and the base
/// image give to the image.</param>
internal sealed record ContainerDetails(
    string Id, string Name, IReadOnlyDictionary<string, string> Labels, DateTimeOffset? StartedAt = null, bool IsBuildStep = false)
{
    /// <summary>As in <see cref="ContainerFacts.Health"/>.</summary>
    public string? Health { get; init; }

    /// <summary>The other values of the inspect; null where the container was found in a list.</summary>
    public InspectedFacts? Inspected { get; init; }

    /// <summary>One of <see cref="ContainerStates"/>; null where unknown.</summary>
    public string? State { get; init; }

    public static ContainerDetails Of(ContainerFacts container) =>
        new(container.Id, container.Name ?? new ShortId(container.Id).ToString(), container.Labels) { State = container.State };
}

/// <summary>An event of a container.</summary>
/// <param name="Id">64 hex digits; null in <see cref="Subscribed"/>.</param>
/// <param name="Action">The engine's name of the event: <c>create</c>, <c>start</c>, <c>die</c>, <c>health_status: healthy</c> …</param>
internal sealed record ContainerEvent(string? Id, string Action, DateTimeOffset At)
{
    /// <summary>The engine sends events from now on.</summary>
    public static readonly ContainerEvent Subscribed = new(null, "subscribed", default);
}

/// <summary>The command, environment, user and working directory of a container; null or empty if not set.</summary>
internal sealed record ContainerConfiguration(
    IReadOnlyList<string>? Command, IReadOnlyList<string>? Entrypoint, IReadOnlyDictionary<string, string> Environment, string? User,
    string? WorkingDirectory);

/// <summary>A path that a container changed against its image. <paramref name="Kind"/>: 0 modified, 1 added, 2 deleted.</summary>
internal sealed record FileChange(string Path, int Kind);
