using ContainerApi.Api;
using ContainerApi.Api.Requests;
using ContainerApi.Engine;
using ContainerApi.Registries;

namespace ContainerApi.Builds;

/// <summary>The parameters of a build: in the query, in a form before its first file, or in JSON.</summary>
[Hint("Use 'tag', or 'tags' in JSON.", "t", "tags")]
[Hint("Use 'dockerfile'.", "f", "file")]
[Hint("Use 'buildArg', or 'buildArgs' in JSON.", "buildArgs", "build-arg")]
[Hint("Use 'label', or 'labels' in JSON.", "labels", "l")]
[Hint("Use 'noCache'.", "no-cache")]
[Hint("Use 'network'.", "networkmode")]
[Hint("Use 'extraHost', or 'extraHosts' in JSON.", "extraHosts", "add-host")]
[Hint("Use 'cacheFrom'.", "cache-from")]
[Hint("Use 'cacheTo'.", "cache-to")]
[Hint("Use 'shmSize'.", "shm-size")]
[Hint("Use 'ulimit', or 'ulimits' in JSON.", "ulimits")]
[Hint("Use 'cgroupParent'.", "cgroup-parent")]
[Hint("Use 'annotation', or 'annotations' in JSON.", "annotations")]
[Hint("Use 'provenance' and 'sbom'.", "attest")]
[Hint("Use 'secret', or 'secrets' in JSON.", "secrets")]
[Hint("Use 'ignoreFile'.", "ignore-file")]
[Hint("Use 'context', or 'contexts' in JSON.", "build-context")]
[Hint("Use 'builder': classic, buildkit or auto.", "version")]
[Hint("Leave it out: the containers of steps are always removed.", "rm", "forcerm", "force-rm")]
[Hint("Leave it out, or use mode=wait for one document without the log.", "q", "quiet")]
internal sealed record BuildRequest(
    [Parameter("A directory under a configured context root: absolute, or relative to a root. Its `.dockerignore` file applies.",
        In = ParameterPlace.Json)]
    string? Path,
    [Parameter("A URL that the engine fetches the context from: `https://host/repository.git#branch:directory` or a tar archive. "
        + "Refused unless the configuration allows it.", In = ParameterPlace.Json)]
    string? Remote,
    [Parameter("A context beside the main one, `name=value`; repeatable, also as `context:name=value`. In JSON an object of names and values. "
        + "`FROM name`, `COPY --from=name` and mounts of BuildKit use it in place of a stage or an image of this name. The value is an image "
        + "(`docker-image://alpine:3`), an address that the engine fetches as `remote`, or a directory under a context root. In a form the file "
        + "part `context:name` is a tar archive, plain or compressed; such parts come before the files of the main context.",
        QueryName = "context", IsObject = true, MaxItems = 50)]
    IReadOnlyList<ContextSource> Contexts,
    [Parameter("A reference for the image, `app:v1`; repeatable. Without a tag in it, `latest`.", QueryName = "tag",
        ErrorCode = "invalid_reference")]
    IReadOnlyList<ImageName> Tags,
    [Parameter("Whether the `.dockerignore` file of an archive or a form applies, as it always does for `path`: also `<Dockerfile>.dockerignore`, "
        + "and to each archive that is a further context. Without it all of an upload is the context, as in Docker's API. The upload is kept in a "
        + "temporary file until the build ends, and owners and extended attributes in an archive do not count.", Default = "false")]
    bool IgnoreFile,
    [Parameter("Path of the Dockerfile inside the context; `Dockerfile` by default. In JSON without `path` and `remote`: the text of the Dockerfile. "
        + "A value with a line break is always the text, which BuildKit uses in place of a Dockerfile of the context.",
        ErrorCode = "invalid_dockerfile")]
    BuildDockerfile? Dockerfile,
    [Parameter("The stage to build, by name or number; the last by default.", Pattern = @"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}",
        Expected = "must be a stage's name or number: letters, digits, '_', '.' and '-'.")]
    string? Target,
    [Parameter("A build argument, `NAME=value`; `NAME` alone keeps the Dockerfile's default. Repeatable. In JSON an object of names and values, "
        + "with null for `NAME` alone.", QueryName = "buildArg", IsObject = true, Pattern = @"[a-zA-Z_][a-zA-Z0-9_.-]*(?:=[^\0]*)?",
        Expected = "must be NAME=value or NAME. The name has letters, digits, '_', '.' and '-' and begins with a letter or '_'.")]
    IReadOnlyList<string> BuildArgs,
    [Parameter("A label for the image, `key=value`; repeatable. In JSON an object of keys and values.", QueryName = "label", IsObject = true,
        Pattern = @"[^\s=\0""']+(?:=[^\0]*)?",
        Expected = "must be key=value or key. The key has no whitespace and no quotes.")]
    IReadOnlyList<string> Labels,
    [Parameter("The platform to build for, `linux/amd64`. Several, separated by commas, need an engine with the containerd image store.",
        Pattern = @"[a-z0-9_]+(?:/[a-z0-9_]+){0,2}(?:,[a-z0-9_]+(?:/[a-z0-9_]+){0,2}){0,19}",
        Expected = "must be a platform: os, os/architecture or os/architecture/variant; several are separated by commas.")]
    string? Platform,
    [Parameter("Whether to build without the cache.", Default = "false")]
    bool NoCache,
    [Parameter("When to pull base images. `never` is not supported: each builder pulls an image that the engine does not have.",
        Default = "missing", Booleans = ["missing", "always"])]
    PullMode Pull,
    [Parameter("The network of `RUN` steps: `bridge`, `host`, `none`, `container:ID` or a network's name.",
        Pattern = @"(?:container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}", Expected = "must be bridge, host, none, container:ID or a network's name.")]
    string? Network,
    [Parameter("An entry for the hosts file of `RUN` steps, `name:address`; repeatable.", QueryName = "extraHost")]
    IReadOnlyList<ExtraHost> ExtraHosts,
    BuilderParameters ForBuilder,
    [Parameter("A secret for `RUN --mount=type=secret,id=…`, `id=value`; repeatable. In JSON an object of ids and values. "
        + "It is in no log, history or layer. Proxies may log a query; use JSON or a form to keep a secret out of it. In a form the file part "
        + "`secret:id` is one, of any bytes. `GIT_AUTH_TOKEN` (or `GIT_AUTH_TOKEN.host`) and `GIT_AUTH_HEADER` are the credentials for git "
        + "repositories in `remote` and `contexts`.", QueryName = "secret", IsObject = true,
        Pattern = BuildSecret.IdPattern + @"=[\s\S]{0,512000}",
        Expected = "must be id=value. The id has letters, digits, '_', '.' and '-', the value at most 512000 characters.")]
    IReadOnlyList<string> Secrets,
    [Parameter("A private key for `RUN --mount=type=ssh`, `id=key`; repeatable, also for one id. In JSON an object of ids and keys. The id is "
        + "`default` where the mount names none. The key is in the format of OpenSSH or in PEM and has no passphrase: RSA, ECDSA or Ed25519. In a "
        + "form the file part `ssh:id` is one. The steps get an agent that signs with it, never the key; it is in no log, history or layer.",
        IsObject = true, MaxItems = 10)]
    IReadOnlyList<BuildSshKey> Ssh,
    [Parameter("Credentials for the registries of base images.", In = ParameterPlace.Json)]
    IReadOnlyList<RegistryAuthFields> RegistryAuth,
    [Parameter("Credentials for the registries of base images, as Docker's clients send them: "
        + """`{"host":{"username":"…","password":"…"}}` in base64url.""", Name = ApiHeaders.RegistryConfig,
        In = ParameterPlace.Header, StandsFor = "registryAuth")]
    RegistryAuthHeader? RegistryConfigHeader,
    [Parameter("""Credentials for one registry, `{"username":"…","password":"…","serveraddress":"…"}` in base64url.""",
        Name = ApiHeaders.RegistryAuth, In = ParameterPlace.Header, StandsFor = "registryAuth")]
    RegistryAuthHeader? RegistryAuthHeader,
    [Parameter("The builder. `auto` is BuildKit, except for features that only the classic builder has.", Default = "auto")]
    RequestedBuilder Builder,
    [Parameter(EngineName.OfWrite + " `any` is the engine with the fewest builds that run or wait.", CanBeInQuery = true)]
    EngineName? Engine,
    [Parameter("Maximum duration of the build after the queue, including the upload of the context: seconds, or as in `10m`.",
        Min = 1, Max = 604_800)]
    TimeSpan? Timeout,
    [Parameter("Whether to push each tag after the build, with the credentials for its registry.", Default = "false")]
    bool Push,
    [Parameter("`stream` sends events while the build runs, `wait` one document after its end. With `detach` the build continues without its "
        + "client: the response is one document as soon as the engine has the context. Default: `stream`.")]
    BuildMode? Mode,
    [Parameter("The mode `detach`.", IsReplaced = true)]
    bool? Detach,
    [Parameter("Whether the mode is `stream`, else it is `wait`.", IsReplaced = true)]
    bool? Stream,
    [Parameter(StreamParameters.Format)]
    StreamFormat? Format,
    [Parameter(BuildText.Colour, Default = "false")]
    bool Colour)
{
    /// <summary>A request without parameters.</summary>
    public static BuildRequest Default => (BuildRequest)RequestDefinition.Of(typeof(BuildRequest)).Create(_ => default, new RequestErrors());

    public IReadOnlyList<RegistryCredentials> Credentials =>
    [
        .. RegistryAuth.Select(a => a.ToCredentials()), .. RegistryConfigHeader?.Credentials ?? [], .. RegistryAuthHeader?.Credentials ?? [],
    ];

    /// <summary>The files of a form beside its parameters.</summary>
    public FormFiles Files { get; init; } = FormFiles.None;

    /// <summary>The mode, or what the parameters say that it replaces.</summary>
    public BuildMode ChosenMode => Mode ?? (Detach is true ? BuildMode.Detach : Stream is false ? BuildMode.Wait : BuildMode.Stream);

    /// <summary>Returns how the response looks.</summary>
    /// <exception cref="ApiException">None of the accepted media types is available.</exception>
    public BuildResponseForm ToForm(HttpRequest http)
    {
        if (ForBuilder.Output != RequestedOutput.Image)
        {
            return new(Formats.Choose(http, [(BuildMode.Stream, MediaTypes.Tar), (BuildMode.Stream, "application/octet-stream")]));
        }

        return ChosenMode == BuildMode.Stream ? new(BuildMode.Stream, Formats.ChooseStream(Format, http, hasText: true), Colour) : new(ChosenMode);
    }

    /// <summary>The contexts beside the main one, each name once. The last value of a name counts.</summary>
    public IReadOnlyList<ContextSource> NamedContexts => [.. Contexts.Reverse().DistinctBy(c => c.Name)];

    /// <summary>Converts to the engine's specification.</summary>
    /// <param name="engine">Null before the first connection to the engine.</param>
    /// <exception cref="ApiException">The requested builder lacks a requested feature.</exception>
    public BuildSpec ToSpec(EngineCapabilities? engine)
    {
        var spec = ForBuilder.AddTo(CommonSpec);
        return spec with { Builder = BuilderChoice.Of(Builder, spec, Pull, engine) };
    }

    private BuildSpec CommonSpec => new()
    {
        Remote = Remote,
        Tags = [.. Tags.Distinct()],
        Dockerfile = Dockerfile?.Path,
        // An archive has no address before the build runs.
        Contexts = NamedContexts.Select(c => c.Name).Append(Files.Context).OfType<string>().Distinct().ToDictionary(name => name, _ => ""),
        DockerfileText = Dockerfile is { IsText: true } ? Dockerfile.Text : null,
        Target = Target,
        BuildArguments = Pairs(BuildArgs),
        Labels = Pairs(Labels).ToDictionary(p => p.Key, p => p.Value ?? ""),
        Platform = Platform,
        NoCache = NoCache,
        Pull = Pull == PullMode.Always,
        Network = Network,
        ExtraHosts = [.. ExtraHosts.Select(h => h.Value)],
        Secrets = Pairs(Secrets).Select(p => KeyValuePair.Create(p.Key, Encoding.UTF8.GetBytes(p.Value ?? "")))
            .Concat(Files.Secrets).ToDictionary(),
        SshKeys = Ssh.ToLookup(key => key.Id, key => key.Key),
        Push = Push,
        Credentials = Credentials,
    };

    /// <summary>Prints no member, because some are secrets.</summary>
    public override string ToString() => nameof(BuildRequest);

    /// <summary>The last value of a name counts, as for <c>docker build</c>.</summary>
    public static Dictionary<string, string?> Pairs(IReadOnlyList<string> texts)
    {
        var pairs = new Dictionary<string, string?>();
        foreach (var parts in texts.Select(t => t.Split('=', 2)))
        {
            pairs[parts[0]] = parts.Length > 1 ? parts[1] : null;
        }

        return pairs;
    }
}

/// <summary>What the response to a build request waits for.</summary>
internal enum BuildMode
{
    Stream,
    Wait,
    Detach,
}
