namespace ContainerApi.Engine;

/// <summary>What an engine can do, and why not. Known since the connection to the engine; the only place that compares versions.</summary>
internal sealed class EngineCapabilities(string apiVersion, bool isPodman = false, bool isWindows = false)
{
    /// <summary>Engine 20.10, the oldest that this service supports.</summary>
    public static readonly Version Oldest = new(1, 41);

    /// <summary>The newest that this service knows, by recorded answers. A newer engine gets calls of this version.</summary>
    public static readonly Version Newest = new(1, 56);

    /// <summary>Engine 23.0: the first with immediate statistics, and with heredocs and the newer flags in its Dockerfile frontend.</summary>
    public static readonly Version Engine23 = new(1, 42);

    /// <summary>Engine 27.0: the first whose Dockerfile parser knows <c># check=</c>.</summary>
    private static readonly Version Engine27 = new(1, 46);

    private static readonly Version HealthInList = new(1, 52);

    private static readonly Version GrpcOnSocket = new(1, 53);

    private readonly Version _api = Version.TryParse(apiVersion, out var api) ? api : Newest;

    /// <summary>The negotiated API version.</summary>
    public string ApiVersion => apiVersion;

    /// <summary>Why the engine has no BuildKit, a sentence; null where it has.</summary>
    public string? BuildKitUnavailableReason => isWindows ? "The engine runs Windows, which has no BuildKit."
        : isPodman ? "The engine is Podman, which has no BuildKit."
        : null;

    /// <summary>Whether BuildKit may answer on the engine's socket itself. It does not if the engine has a TCP port without TLS, too.</summary>
    public bool MayHaveGrpcOnSocket => _api >= GrpcOnSocket;

    /// <summary>The builder where BuildKit is unavailable or not wanted.</summary>
    public BuilderKind ClassicBuilder => isPodman ? BuilderKind.Podman : BuilderKind.Classic;

    /// <summary>Why builds cannot have a remote context, a sentence. Podman 5.4 ignores the parameter.</summary>
    public string? RemoteContextUnavailableReason => isPodman ? "Podman does not support remote contexts." : null;

    /// <summary>Why builds cannot join a named network, a sentence. Podman 5.4 ignores networks that its builder does not know.</summary>
    public string? BuildNetworkUnavailableReason(string network) => isPodman
        ? $"Podman does not support the network '{network}' for builds. Allowed networks: bridge, host, none."
        : null;

    /// <summary>Why a builder does not limit <c>RUN</c> steps, a sentence. BuildKit of engine 20.10 ignores the attributes.</summary>
    public string? StepLimitsUnavailableReason(bool withBuildKit) => isPodman ? "This service does not limit the steps of builds on Podman."
        : withBuildKit && !HasNewDockerfileFrontend
            ? $"BuildKit of API {_api} does not limit the steps of builds; that of {Engine23} and later does."
        : null;

    /// <summary>Why BuildKit has no named contexts, a sentence. That of engine 20.10 ignores them.</summary>
    public string? NamedContextsUnavailableReason => HasNewDockerfileFrontend ? null
        : $"BuildKit of API {_api} does not support named contexts; that of {Engine23} and later does.";

    /// <summary>Why BuildKit has no checks of Dockerfiles, a sentence.</summary>
    public string? CheckUnavailableReason => KnowsCheckDirective ? null
        : $"BuildKit of API {_api} does not check Dockerfiles; that of {Engine27} and later does.";

    /// <summary>Why an engine's images are single manifests without attestations, a sentence.</summary>
    public static string? ImageIndexUnavailableReason(EngineInfo info) => info.HasContainerdStore ? null
        : $"The engine (version {info.Version}, API {info.ApiVersion}) does not use the containerd image store.";

    /// <summary>Why an import cannot set the image's platform, a sentence. Engine 20.10 and Podman keep their own architecture.</summary>
    public string? ImportPlatformUnavailableReason => isPodman ? "Podman imports images for its own platform only."
        : _api < Engine23 ? $"API {_api} imports images for the engine's own platform only; {Engine23} and later can set it."
        : null;

    /// <summary>Why Dockerfiles cannot have heredocs and newer flags, a sentence.</summary>
    private string? NewDockerfileUnavailableReason => HasNewDockerfileFrontend ? null
        : $"The Dockerfile frontend of API {_api} has no heredocs, COPY --link and RUN --network; that of {Engine23} and later does.";

    /// <summary>Whether the built-in Dockerfile frontend has heredocs, <c>--link</c>, <c>--network</c> and <c>--security</c>.</summary>
    public bool HasNewDockerfileFrontend => _api >= Engine23;

    /// <summary>Whether <c># check=</c> is a directive of a Dockerfile; it was a comment before, which ends the directives.</summary>
    public bool KnowsCheckDirective => _api >= Engine27;

    /// <summary>Whether a list without stopped containers has the paused ones. Podman 5.4 lists them only by their status.</summary>
    public bool ListsPausedAsRunning => !isPodman;

    /// <summary>Whether rows of a list have a field for the health. Before, it is part of the status text.</summary>
    public bool ListsHealth => _api >= HealthInList;

    /// <summary>What the engine cannot do or does slowly, with the reasons that a client gets when it needs it.</summary>
    public IReadOnlyList<(string Feature, string Reason)> LimitationsOf(EngineInfo info) =>
        [.. AllLimitations(info).Where(l => l.Reason is not null).Select(l => (l.Feature, l.Reason!))];

    private IEnumerable<(string Feature, string? Reason)> AllLimitations(EngineInfo info) =>
    [
        ("instant_statistics", _api >= Engine23 ? null
            : $"API {_api} returns statistics at its collector's next tick, up to a second later; {Engine23} and later return them immediately."),
        ("health_in_list", ListsHealth ? null
            : $"API {_api} returns a container's health only in its status text, which is parsed; {HealthInList} and later have a field for it."),
        ("processes", isWindows ? "A Windows engine lists processes in a format that this service does not support." : null),
        ("buildkit", BuildKitUnavailableReason),
        ("remote_contexts", RemoteContextUnavailableReason),
        ("build_networks", BuildNetworkUnavailableReason("NAME")),
        ("step_limits", StepLimitsUnavailableReason(withBuildKit: BuildKitUnavailableReason is null)),
        ("dockerfile_heredocs", NewDockerfileUnavailableReason),
        ("named_contexts", NamedContextsUnavailableReason),
        ("dockerfile_checks", CheckUnavailableReason),
        ("image_indexes", ImageIndexUnavailableReason(info) is { } reason
            ? reason + " It does not support several platforms, annotations, attestations, output=oci and a cache export to a registry."
            : null),
        ("import_platforms", ImportPlatformUnavailableReason),
    ];

    public static EngineCapabilities Of(EngineInfo info) => new(info.ApiVersion, isWindows: info.OsType is "windows");
}
