namespace ContainerApi.Engine.Facts;

/// <summary>The parameters of a build. The context is a separate tar stream.</summary>
internal sealed record BuildSpec
{
    public BuilderKind Builder { get; init; }
    public IReadOnlyList<ImageName> Tags { get; init; } = [];

    /// <summary>Where the engine fetches the context itself, or null. Nothing is sent beside it.</summary>
    public string? Remote { get; init; }

    /// <summary>Path of the Dockerfile inside the context; null is <c>Dockerfile</c>.</summary>
    public string? Dockerfile { get; init; }
    public string? Target { get; init; }

    /// <summary>A null value takes the engine's default for a predefined argument.</summary>
    public IReadOnlyDictionary<string, string?> BuildArguments { get; init; } = new Dictionary<string, string?>();
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public string? Platform { get; init; }
    public bool NoCache { get; init; }
    public bool Pull { get; init; }
    public string? Network { get; init; }
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];
    public IReadOnlyList<ImageNameOrId> CacheFrom { get; init; } = [];

    /// <summary>What <c>RUN --mount=type=secret</c> reads, by id; BuildKit alone has them.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = new Dictionary<string, string>();

    /// <summary>For the registries of base images; each says its registry's address.</summary>
    public IReadOnlyList<RegistryCredentials> Credentials { get; init; } = [];

    /// <summary>Whether the image is pushed under its tags once it is there.</summary>
    public bool Push { get; init; }
}

/// <summary>The builders of engines: Docker's two, and Podman's one.</summary>
internal enum BuilderKind
{
    /// <summary>Runs each step in a container of its own, one after the other.</summary>
    Classic,

    /// <summary>Solves the Dockerfile as a graph; <c>version=2</c> of the engine's call.</summary>
    BuildKit,

    /// <summary>Buildah behind the classic builder's call: as sequential, but with heredocs and mounts.</summary>
    Podman,
}
