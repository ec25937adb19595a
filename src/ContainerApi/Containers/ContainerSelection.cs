using ContainerApi.Api.Requests;

namespace ContainerApi.Containers;

/// <summary>The parameters that the list and the watch share: the containers and their sections.</summary>
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
    [Parameter("A part of the container's name.", Example = "web", Pattern = "[a-zA-Z0-9_.-]{1,255}",
        Expected = "must be a part of a container's name: letters, digits, '_', '.' and '-'.")]
    string? Name,
    [Parameter("The image of the container, or an ancestor of that image.", Example = "busybox:latest")]
    ImageNameOrId? Image,
    [Parameter("`key` or `key=value`; repeatable. A container must have all of them.", Pattern = @"[^=][\s\S]{0,4095}",
        Expected = "must be key or key=value.")]
    IReadOnlyList<string> Label,
    [Parameter("The name or id of a network.", Pattern = "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}",
        Expected = "must be a network's name or id: letters, digits, '_', '.' and '-', the first a letter or digit.")]
    string? Network,
    [Parameter("A container port or a published port: `80` or `80/tcp`.", Example = "80/tcp")]
    PortFilter? Port,
    [Parameter("The engine's name; repeatable. Default: all engines.")]
    IReadOnlyList<EngineName> Engine,
    [Parameter("Sections to read: `processes`, `network`, `usage`, separated by commas, or `none`. Default: all three.",
        Example = "processes,network")]
    IncludedSections? Include)
{
    /// <summary>All containers of all engines.</summary>
    public static readonly ContainerSelection Everything = new(true, [], [], null, null, [], null, null, [], null);

    /// <summary>A state implies containers that are not running.</summary>
    public bool IncludesStopped => All || State.Count > 0;

    /// <summary>The filters that the engine evaluates. <c>name</c> is a regular expression there.</summary>
    public ContainerFilter ToFilter()
    {
        (string Name, IReadOnlyList<string> Values)[] filters =
        [
            ("status", State),
            ("health", Health),
            ("label", Label),
            ("name", Name is null ? [] : [Name.Replace(".", "\\.", StringComparison.Ordinal)]),
            ("ancestor", Image is null ? [] : [Image.Value]),
            ("network", Network is null ? [] : [Network]),
        ];
        return new ContainerFilter(IncludesStopped, filters.Where(f => f.Values.Count > 0).ToDictionary(f => f.Name, f => f.Values));
    }

    /// <summary>
    /// The filters that the engine evaluates differently: it matches link aliases too, and has no filter on both kinds of
    /// port. Only the engine can evaluate health, image and network: its list contains neither the health of a paused
    /// container, nor an image's ancestors, nor a network's id.
    /// </summary>
    public bool Matches(ContainerFacts container) =>
        (State.Count == 0 || State.Contains(container.State))
        && (Name is null || (container.Name?.Contains(Name, StringComparison.Ordinal) ?? false))
        && LabelSelector.Matches(Label, container.Labels)
        && (Port is null || container.Ports.Any(Port.Matches));

    /// <summary>Equal for selections of the same containers.</summary>
    public string Key() => JsonSerializer.Serialize(this with { Include = null });
}
