using ContainerApi.Api.Requests;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>When to pull the image of a new container.</summary>
internal enum PullMode
{
    Missing,
    Always,
    Never,
}

/// <summary>The body of <c>POST /containers</c>.</summary>
internal sealed record CreateContainerRequest(
    [Parameter("The image's name or id.", ErrorCode = "invalid_reference", Example = "busybox:1.36")]
    ImageNameOrId Image,
    [Parameter("The command: a string, split by a shell's quoting rules without expansion, or a list of arguments. Default: the image's command.")]
    CommandLine? Command,
    [Parameter("The container's name. Default: the engine generates a name.", Pattern = "[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}",
        Expected = "must be 2 to 255 letters, digits, '_', '.' and '-', the first a letter or digit.")]
    string? Name,
    [Parameter("Environment variables: an object, or a list of `NAME=value`.")]
    NameValuePairs? Environment,
    [Parameter("Labels: an object, or a list of `name=value`.")]
    NameValuePairs? Labels,
    [Parameter("Ports to publish: texts such as `8080:80/tcp`, `127.0.0.1:8080:80`, `[::1]:8080:80`, `8000-8002:80-82` and `80` (the engine "
        + "chooses the host port), or objects with `containerPort`, `protocol`, `hostIp` and `hostPort`.")]
    PublishedPorts? Ports,
    [Parameter("`bridge`, `host`, `none`, `container:NAME`, or the name of a network. Default: `bridge`.",
        Pattern = "(?:container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}", Expected = "must be bridge, host, none, container:NAME or a network's name.")]
    string? NetworkMode,
    [Parameter("Whether to start the container. A container that cannot be started is removed again.", Default = "false")]
    bool Start,
    [Parameter("When to pull the image.", Default = "missing")]
    PullMode Pull,
    [Parameter("The engine's name. Default: the default engine.")]
    EngineName? Engine)
{
    public ContainerSpec ToSpec() => new()
    {
        Image = Image,
        Name = Name,
        Command = Command?.Arguments,
        Environment = Environment?.Values ?? new Dictionary<string, string>(),
        Labels = Labels?.Values ?? new Dictionary<string, string>(),
        Ports = Ports?.Ports ?? [],
        NetworkMode = NetworkMode,
    };
}

internal sealed class CreateContainerRequestValidator : AbstractValidator<CreateContainerRequest>
{
    public CreateContainerRequestValidator() => RuleFor(r => r.Image)
        .Must((r, image) => r.Pull != PullMode.Always || image?.Reference is not null)
        .WithErrorCode(ErrorCode.InvalidReference.Code).WithMessage("is an id, and an id cannot be pulled.");
}

/// <summary>A new container.</summary>
/// <param name="Id">64 hex digits.</param>
/// <param name="Name">The requested or generated name.</param>
/// <param name="Warnings">The engine's warnings.</param>
public sealed record ContainerCreated(string Id, string Name, IReadOnlyList<string> Warnings);

/// <summary>The parameters of <c>POST /containers/{container}/stop</c> and <c>/restart</c>.</summary>
internal sealed record StopQuery(
    ContainerSelector Selector,
    [Parameter("Seconds before the container is killed; 0 kills it at once. Default: the container's own timeout, or 10.", Min = 0, Max = 3600)]
    TimeSpan? Timeout);

/// <summary>The parameters of <c>DELETE /containers/{container}</c>.</summary>
internal sealed record RemoveContainerQuery(
    ContainerSelector Selector,
    [Parameter("Whether to kill the container if it is running.", Default = "false")]
    bool Force,
    [Parameter("Whether to remove the container's anonymous volumes, too.", Default = "false")]
    bool Volumes);
