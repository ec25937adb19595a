namespace ContainerApi.Engine.Facts;

/// <summary>The parameters of a build. The context is a separate tar stream.</summary>
internal sealed record BuildSpec
{
    public BuilderKind Builder { get; init; }
    public IReadOnlyList<ImageName> Tags { get; init; } = [];

    /// <summary>The URL that the engine fetches the context from; null to send the context.</summary>
    public string? Remote { get; init; }

    /// <summary>Path of the Dockerfile inside the context; null is <c>Dockerfile</c>.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>The Dockerfile in place of one in the context; null for none. Only BuildKit has it.</summary>
    public string? DockerfileText { get; init; }

    /// <summary>Contexts beside the main one, by name, as addresses of BuildKit's frontend.</summary>
    public IReadOnlyDictionary<string, string> Contexts { get; init; } = new Dictionary<string, string>();
    public string? Target { get; init; }
    public BuildOutput Output { get; init; }

    /// <summary>Whether the Dockerfile is checked in place of being built.</summary>
    public bool IsCheck { get; init; }

    /// <summary>A null value takes the engine's default for a predefined argument.</summary>
    public IReadOnlyDictionary<string, string?> BuildArguments { get; init; } = new Dictionary<string, string?>();
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>One platform, or several separated by commas.</summary>
    public string? Platform { get; init; }
    public bool NoCache { get; init; }
    public bool Pull { get; init; }
    public string? Network { get; init; }
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];
    public IReadOnlyList<ImageNameOrId> CacheFrom { get; init; } = [];
    public IReadOnlyList<CacheTarget> CacheTo { get; init; } = [];

    /// <summary>The size of <c>/dev/shm</c> in <c>RUN</c> steps, in bytes; null for the engine's default.</summary>
    public long? ShmSize { get; init; }
    public IReadOnlyList<StepUlimit> Ulimits { get; init; } = [];

    /// <summary>The memory of a <c>RUN</c> step, in bytes. Only the classic builder has it.</summary>
    public long? Memory { get; init; }
    public string? CgroupParent { get; init; }

    /// <summary>Annotations of the image's manifest.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
    public Provenance Provenance { get; init; }

    /// <summary>Whether the image gets an attestation with a list of its software (SBOM).</summary>
    public bool Sbom { get; init; }

    /// <summary>Secrets for <c>RUN --mount=type=secret</c> by id; only BuildKit supports them.</summary>
    public IReadOnlyDictionary<string, byte[]> Secrets { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Keys for <c>RUN --mount=type=ssh</c> by id; only BuildKit supports them.</summary>
    public ILookup<string, SshKey> SshKeys { get; init; } = Array.Empty<SshKey>().ToLookup(_ => "");

    /// <summary>Credentials for the registries of base images; each has a server address.</summary>
    public IReadOnlyList<RegistryCredentials> Credentials { get; init; } = [];

    /// <summary>Whether to push each tag after the build.</summary>
    public bool Push { get; init; }
}

/// <summary>A builder of an engine: Docker has two, Podman one.</summary>
internal enum BuilderKind
{
    /// <summary>Runs the steps one after the other, each in its own container.</summary>
    Classic,

    /// <summary>Runs the steps as a graph; <c>version=2</c> of the engine's call.</summary>
    BuildKit,

    /// <summary>Buildah, through the classic builder's call: sequential, with heredocs and mounts.</summary>
    Podman,
}
