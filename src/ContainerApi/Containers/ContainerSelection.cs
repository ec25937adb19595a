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
    IReadOnlyList<string> Engine,
    [Parameter("Sections to read: `processes`, `network`, `usage`, separated by commas, or `none`. Default: all three.",
        Example = "processes,network")]
    IncludedSections? Include)
{
    public ContainerRequest ToRequest(ContainerFields? fields = null) => new()
    {
        Engines = Engine,
        All = All,
        States = State,
        Healths = Health,
        Name = Name,
        Image = Image?.Value,
        Labels = Label,
        Network = Network,
        Port = Port,
        Sections = IncludedSections.Needed(Include, fields),
    };
}
