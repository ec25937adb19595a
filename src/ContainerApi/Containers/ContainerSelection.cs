using ContainerApi.Api.Requests;

namespace ContainerApi.Containers;

/// <summary>The filters of containers, which several operations share.</summary>
internal sealed record ContainerSelection(
    [Parameter("Whether to return containers that are not running, too.", Default = "false")]
    bool All,
    [Parameter("Container states; implies `all`.", Example = "running,paused", CommaSeparated = true, Allowed =
    [
        ContainerStates.Created, ContainerStates.Running, ContainerStates.Paused, ContainerStates.Restarting,
        ContainerStates.Removing, ContainerStates.Exited, ContainerStates.Dead,
    ])]
    IReadOnlyList<string> State,
    [Parameter("Health states; `none` selects containers without a health check.", Example = "unhealthy", CommaSeparated = true,
        Allowed = ["starting", "healthy", "unhealthy", "none"])]
    IReadOnlyList<string> Health,
    [Parameter("The exit code of the last run of a container that is not running, or waits for its restart; implies `all`.", Example = "137",
        CommaSeparated = true)]
    IReadOnlyList<int> ExitCode,
    [Parameter("The full id: 64 hex digits; implies `all`.", CommaSeparated = true, Pattern = "[0-9a-f]{64}",
        Expected = "must be a full id: 64 hex digits. GET /containers/{container} takes a short one, too.")]
    IReadOnlyList<string> Id,
    [Parameter("A part of the container's name.", Example = "web", CommaSeparated = true, Pattern = "[a-zA-Z0-9_.-]{1,255}",
        Expected = "must be a part of a container's name: letters, digits, '_', '.' and '-'.")]
    IReadOnlyList<string> Name,
    [Parameter("The image of the container, or an ancestor of that image.", Example = "busybox:latest", CommaSeparated = true)]
    IReadOnlyList<ImageNameOrId> Image,
    [Parameter("`key` or `key=value`. A container must have all of them. " + CommaList.Escape, CommaSeparated = true, Pattern = @"[^=][\s\S]{0,4095}",
        Expected = "must be key or key=value.")]
    IReadOnlyList<string> Label,
    [Parameter("The Compose project or Swarm stack.", Example = "shop", CommaSeparated = true, Pattern = ContainerSelection.GroupName,
        Expected = ContainerSelection.GroupNameExpected)]
    IReadOnlyList<string> Project,
    [Parameter("The Compose or Swarm service, without the name of its stack.", Example = "web", CommaSeparated = true,
        Pattern = ContainerSelection.GroupName, Expected = ContainerSelection.GroupNameExpected)]
    IReadOnlyList<string> Service,
    [Parameter("The name or id of a network.", CommaSeparated = true, Pattern = "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}",
        Expected = "must be a network's name or id: letters, digits, '_', '.' and '-', the first a letter or digit.")]
    IReadOnlyList<string> Network,
    [Parameter("A container port or a published port: `80` or `80/tcp`.", Example = "80/tcp", CommaSeparated = true)]
    IReadOnlyList<PortFilter> Port,
    [Parameter("The engine's name. Default: all engines.", CommaSeparated = true)]
    IReadOnlyList<EngineName> Engine)
{
    /// <summary>Compose and Swarm allow less. Other tools use the same labels.</summary>
    private const string GroupName = @"\P{Cc}{1,255}";
    private const string GroupNameExpected = "must be a name of 1 to 255 characters.";

    /// <summary>All containers of all engines.</summary>
    public static readonly ContainerSelection Everything = new(true, [], [], [], [], [], [], [], [], [], [], [], []);

    /// <summary>Whether a filter compares labels, which are redacted for some callers.</summary>
    public bool ReadsLabels => Label.Count > 0 || Project.Count > 0 || Service.Count > 0;

    /// <summary>A state, an exit code or an id implies containers that are not running.</summary>
    public bool IncludesStopped => All || State.Count > 0 || ExitCode.Count > 0 || Id.Count > 0;

    /// <summary>The filters that the engine evaluates. <c>name</c> is a regular expression there.</summary>
    public ContainerFilter ToFilter()
    {
        (string Name, IReadOnlyList<string> Values)[] filters =
        [
            ("id", Id),
            ("status", State),
            ("health", Health),
            ("label", Label),
            ("name", [.. Name.Select(n => n.Replace(".", "\\.", StringComparison.Ordinal))]),
            ("ancestor", [.. Image.Select(i => i.Value)]),
            ("network", Network),
        ];
        return new ContainerFilter(IncludesStopped, filters.Where(f => f.Values.Count > 0).ToDictionary(f => f.Name, f => f.Values));
    }

    /// <summary>
    /// The filters that the engine evaluates differently: it matches link aliases too, and has no filter on both kinds of
    /// port. Only the engine can evaluate health, image and network: its list contains neither the health of a paused
    /// container, nor an image's ancestors, nor a network's id.
    /// </summary>
    public bool Matches(ContainerFacts container) =>
        (Id.Count == 0 || Id.Contains(container.Id))
        && (State.Count == 0 || State.Contains(container.State))
        && (ExitCode.Count == 0 || (container.ExitCode is { } code && ExitCode.Contains(code)))
        && (Name.Count == 0 || Name.Any(n => container.Name?.Contains(n, StringComparison.Ordinal) == true))
        && LabelSelector.Matches(Label, container.Labels)
        && MatchesGroup(container)
        && (Port.Count == 0 || container.Ports.Any(p => Port.Any(f => f.Matches(p))));

    /// <summary>An engine cannot evaluate these: the values of one of its filters by label must all match, and several labels name a group.</summary>
    private bool MatchesGroup(ContainerFacts container)
    {
        if (Project.Count == 0 && Service.Count == 0)
        {
            return true;
        }

        var group = container.Group;
        return (Project.Count == 0 || Project.Contains(group.Project)) && (Service.Count == 0 || Service.Contains(group.Service));
    }

    /// <summary>Equal for selections of the same containers.</summary>
    public string Key() => JsonSerializer.Serialize(this);
}
