using ContainerApi.Api.Requests;
using ContainerApi.Registries;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>The body of <c>POST /containers</c>.</summary>
[Hint("Use 'command'.", "cmd")]
[Hint("Use 'environment'.", "env")]
[Hint("Use 'networkMode'.", "network", "net")]
[Hint("Use 'ports'.", "port", "publish", "portBindings", "exposedPorts")]
[Hint("Use 'restart'.", "restartPolicy")]
[Hint("Use 'labels'.", "label")]
[Hint("Use 'pidsLimit'.", "pids", "pids-limit")]
[Hint("Send its members as fields of the body: memory, cpus, networkMode, ports, restart.", "hostConfig")]
internal sealed record CreateContainerRequest(
    [Parameter("The image's name or id.", ErrorCode = "invalid_reference", Example = "busybox:1.36")]
    ImageNameOrId Image,
    [Parameter("The command: a string, split by a shell's quoting rules without expansion, or a list of arguments. Default: the image's command.")]
    CommandLine? Command,
    [Parameter("The program that gets the command as its arguments, as `command` is given. `[\"\"]` removes the image's. With an entrypoint "
        + "the image's command does not apply.")]
    CommandLine? Entrypoint,
    [Parameter("The container's name. Default: the engine generates a name.", Pattern = ContainerName.Pattern, Expected = ContainerName.Expected)]
    string? Name,
    [Parameter("The user of the command: a name or number, with `:group` if needed. Default: the image's user.",
        Pattern = @"[^\s:\0]{1,64}(?::[^\s:\0]{1,64})?", Expected = "must be a user or user:group, by name or number.", Example = "1000:1000")]
    string? User,
    [Parameter("The directory in which the command starts. Default: the image's.", Aliases = ["workingDir"],
        Pattern = @"(?:/|[a-zA-Z]:[/\\])[^\0]{0,4093}", Expected = "must be an absolute path.")]
    string? WorkingDirectory,
    [Parameter("The name of the container's host. Default: the short id.", Pattern = "[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,61}[a-zA-Z0-9])?",
        Expected = "must be 1 to 63 letters, digits, '.' and '-'.")]
    string? Hostname,
    [Parameter("Environment variables: an object of strings and numbers, or a list of `NAME=value`.")]
    NameValuePairs? Environment,
    [Parameter("Labels: an object, or a list of `name=value`.")]
    NameValuePairs? Labels,
    [Parameter("Ports to publish: texts such as `8080:80/tcp`, `127.0.0.1:8080:80`, `[::1]:8080:80`, `8000-8002:80-82`, `8080-8085:80` (a free "
        + "port of the range), `80` and `0:80` (any free port), numbers, or objects with `containerPort`, `protocol`, `hostIp` and `hostPort`.",
        MaxItems = PublishedPorts.MaxPorts)]
    IReadOnlyList<PublishedPorts> Ports,
    [Parameter("`bridge`, `host`, `none`, `container:NAME`, or the name of a network. Default: `bridge`.",
        Pattern = "(?:container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}", Expected = "must be bridge, host, none, container:NAME or a network's name.")]
    string? NetworkMode,
    [Parameter("When the engine starts the container again: `no`, `always`, `unless-stopped`, `on-failure`, or `on-failure:N` for at most N times. "
        + "Default: `no`.", Example = "on-failure:3")]
    RestartPolicy? Restart,
    [Parameter("The most memory that the container may use: bytes, or a size as in `512m`. Default: no limit.", Example = "512m")]
    ByteSize? Memory,
    [Parameter("How many CPUs the container may use, as in 0.5. Default: no limit.", Min = 0, Max = 10_000)]
    decimal? Cpus,
    [Parameter("The most processes and threads of the container. Default: no limit.", Min = 1, Max = 4_194_304)]
    int? PidsLimit,
    [Parameter("Whether to start the container. A container that cannot be started is removed again.", Default = "false")]
    bool Start,
    [Parameter("When to pull the image.", Default = "missing")]
    PullMode Pull,
    RegistryAuth Auth,
    [Parameter(EngineName.OfWrite, CanBeInQuery = true)]
    EngineName? Engine)
{
    public ContainerSpec ToSpec() => new()
    {
        Image = Image,
        Name = Name,
        Command = Command?.Arguments,
        Entrypoint = Entrypoint?.Arguments,
        User = User,
        WorkingDirectory = WorkingDirectory,
        Hostname = Hostname,
        Restart = Restart,
        MemoryBytes = Memory?.Bytes,
        Cpus = Cpus,
        PidsLimit = PidsLimit,
        Environment = Environment?.Values ?? new Dictionary<string, string>(),
        Labels = Labels?.Values ?? new Dictionary<string, string>(),
        Ports = [.. Ports.SelectMany(p => p.Ports).Distinct()],
        NetworkMode = NetworkMode,
    };
}

internal sealed class CreateContainerRequestValidator : AbstractValidator<CreateContainerRequest>
{
    /// <summary>The engine lists the labels of every container, with up to six bytes for a character.</summary>
    private const int MaxLabelCharacters = 64 * 1024;

    public CreateContainerRequestValidator()
    {
        RuleFor(r => r.Labels).Must(labels => labels is null || labels.Values.Sum(l => l.Key.Length + l.Value.Length) <= MaxLabelCharacters)
            .WithMessage($"must have at most {MaxLabelCharacters} characters in total.");
        RuleFor(r => r.Image).Must((r, image) => r.Pull != PullMode.Always || image?.Reference is not null)
            .WithErrorCode(ErrorCode.InvalidReference.Code).WithMessage("is an id, and an id cannot be pulled.");
        RuleFor(r => r.Ports).Must(ports => ports.Sum(p => (long)p.Count) <= PublishedPorts.MaxPorts).WhenValid("ports")
            .WithMessage($"must not publish more than {PublishedPorts.MaxPorts} ports.");
        RuleFor(r => r.Auth).IsFor(r => r.Image?.Reference?.Registry);
    }
}

/// <summary>The names that the engine accepts for containers.</summary>
internal static class ContainerName
{
    public const string Pattern = "[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}";
    public const string Expected = "must be 2 to 255 letters, digits, '_', '.' and '-', the first a letter or digit.";
}

/// <summary>A new container.</summary>
/// <param name="Engine">The engine's name.</param>
/// <param name="Id">64 hex digits.</param>
/// <param name="Name">The requested or generated name.</param>
/// <param name="Warnings">The engine's warnings.</param>
public sealed record ContainerCreated(string Engine, string Id, string Name, IReadOnlyList<string> Warnings);

/// <summary>The container of a request that changes it.</summary>
internal sealed record ContainerWrite(
    [Parameter("The container's name, id or unique id prefix.", In = ParameterPlace.Route)]
    ContainerReference Container,
    [Parameter(EngineName.OfWrite)]
    EngineName? Engine);

/// <summary>The parameters of <c>POST /containers/{container}/stop</c> and <c>/restart</c>.</summary>
internal sealed record StopQuery(
    ContainerWrite Selector,
    [Parameter("The time before the container is killed, in seconds or as in `1m`; 0 kills it at once, -1 waits without killing it. "
        + "Default: the container's own, or 10.", Min = -1, Max = 3600)]
    TimeSpan? Timeout);

/// <summary>The parameters of <c>POST /containers/{container}/kill</c>.</summary>
internal sealed record KillQuery(
    ContainerWrite Selector,
    [Parameter("The signal, by name or number. Default: `SIGKILL`.", Pattern = "[a-zA-Z]{2,10}[0-9]?(?:[+-][0-9]{1,2})?|[0-9]{1,2}",
        Expected = "must be a signal, as in SIGHUP, HUP or 1.", Example = "SIGHUP")]
    string? Signal);

/// <summary>The parameters of <c>POST /containers/{container}/rename</c>.</summary>
internal sealed record RenameQuery(
    ContainerWrite Selector,
    [Parameter("The new name.", Pattern = ContainerName.Pattern, Expected = ContainerName.Expected, Example = "web2")]
    string Name);

/// <summary>The parameters of <c>DELETE /containers/{container}</c>.</summary>
internal sealed record RemoveContainerQuery(
    ContainerWrite Selector,
    [Parameter("Whether to kill the container if it is running.", Default = "false")]
    bool Force,
    [Parameter("Whether to remove the container's anonymous volumes, too.", Default = "false")]
    bool Volumes);
