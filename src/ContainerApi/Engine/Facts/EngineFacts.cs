
namespace ContainerApi.Engine.Facts;

/// <summary>An engine's description (<c>GET /version</c> and <c>GET /info</c>).</summary>
internal sealed record EngineInfo
{
    public required string ApiVersion { get; init; }
    public string? MinApiVersion { get; init; }
    public string? Version { get; init; }
    public string? OperatingSystem { get; init; }
    public string? OsType { get; init; }
    public string? Architecture { get; init; }
    public string? KernelVersion { get; init; }
    public string? StorageDriver { get; init; }
    public string? CgroupDriver { get; init; }
    public string? CgroupVersion { get; init; }
    public int? Cpus { get; init; }
    public long? MemoryBytes { get; init; }
    public int? Containers { get; init; }
    public int? ContainersRunning { get; init; }
    public int? ContainersPaused { get; init; }
    public int? ContainersStopped { get; init; }
    public int? Images { get; init; }
    public IReadOnlyList<string> RegistryMirrors { get; init; } = [];
}

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

/// <summary>One row of the engine's container list.</summary>
internal sealed record ContainerFacts
{
    /// <summary>64 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The container's own name, without the engine's leading slash; null while it has none.</summary>
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

    /// <summary><c>HostConfig.NetworkMode</c>: <c>bridge</c>, <c>host</c>, <c>none</c>, <c>container:ID</c> or a network's name;
    /// <c>default</c> is <c>bridge</c>.</summary>
    public string? NetworkMode { get; init; }
    public IReadOnlyList<NetworkFacts> Networks { get; init; } = [];
    public IReadOnlyList<PortFacts> Ports { get; init; } = [];
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether it has processes: running or paused. A restarting one has none between two attempts.</summary>
    public bool HasProcesses => State is ContainerStates.Running or ContainerStates.Paused;
}

/// <summary>A container's place in one network. What it does not have there is null.</summary>
internal sealed record NetworkFacts(string Name, string? Ipv4, string? Ipv6, string? Gateway, string? Mac);

/// <summary>A port of a container; one that is only exposed has neither host address nor host port.</summary>
internal sealed record PortFacts(int ContainerPort, string Protocol, string? HostIp, int? HostPort);

/// <summary>A port to be published. Without a host address it is published on all of them, without a host port the engine picks one.</summary>
internal sealed record PublishedPort(int ContainerPort, string Protocol, string? HostIp, int? HostPort);

/// <summary>One process of a container as the engine's host sees it.</summary>
/// <param name="Pid">The id in the host's pid namespace.</param>
/// <param name="CpuTime">User and system time used so far.</param>
internal sealed record ProcessFacts(
    int Pid, int? ParentPid, string? User, DateTimeOffset? StartedAt, TimeSpan? CpuTime, string Command);

/// <summary>Counters of one network interface, since the interface was made.</summary>
internal readonly record struct InterfaceCounters(
    long RxBytes, long RxPackets, long RxErrors, long RxDropped,
    long TxBytes, long TxPackets, long TxErrors, long TxDropped)
{
    public static InterfaceCounters operator +(InterfaceCounters a, InterfaceCounters b) => new(
        Counter.Add(a.RxBytes, b.RxBytes), Counter.Add(a.RxPackets, b.RxPackets), Counter.Add(a.RxErrors, b.RxErrors), Counter.Add(a.RxDropped, b.RxDropped),
        Counter.Add(a.TxBytes, b.TxBytes), Counter.Add(a.TxPackets, b.TxPackets), Counter.Add(a.TxErrors, b.TxErrors), Counter.Add(a.TxDropped, b.TxDropped));
}

/// <summary>A count that is never negative.</summary>
internal static class Counter
{
    /// <summary>The sum, or the largest there is: a counter that ran over in the kernel may be near 2^64.</summary>
    public static long Add(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;
}

/// <summary>The resource usage of a container at one moment.</summary>
internal sealed record StatisticsFacts
{
    public required DateTimeOffset SampledAt { get; init; }

    /// <summary>By interface name; null where the engine gave none (a container on the host's network).</summary>
    public IReadOnlyDictionary<string, InterfaceCounters>? Interfaces { get; init; }

    /// <summary>Of all interfaces; nothing where there are none.</summary>
    public InterfaceCounters TotalTraffic => Interfaces?.Values.Aggregate(default(InterfaceCounters), (a, b) => a + b) ?? default;

    /// <summary>CPU time of all cores since the container started.</summary>
    public TimeSpan? CpuTime { get; init; }

    /// <summary>As <c>docker stats</c> shows it: usage without the inactive file cache.</summary>
    public long? MemoryBytes { get; init; }
    public long? MemoryLimitBytes { get; init; }
    public long? Pids { get; init; }
    public long? BlockReadBytes { get; init; }
    public long? BlockWriteBytes { get; init; }
}

/// <summary>The parts of a host sample to read.</summary>
[Flags]
internal enum HostSections
{
    None = 0,
    Processes = 1,
    Statistics = 2,
}

/// <summary>Values of one container, read from the host. A part that was not requested or not readable is null.</summary>
internal sealed record HostSample(
    DateTimeOffset SampledAt, IReadOnlyList<ProcessFacts>? Processes, StatisticsFacts? Statistics);

/// <summary>An event of a container.</summary>
/// <param name="Id">64 hex digits; null in <see cref="Subscribed"/>.</param>
/// <param name="Action">The engine's name of the event: <c>create</c>, <c>start</c>, <c>die</c>, <c>rename</c>, <c>destroy</c>,
/// <c>health_status: healthy</c> …</param>
internal sealed record ContainerEvent(string? Id, string Action, DateTimeOffset At)
{
    /// <summary>The engine sends events from now on.</summary>
    public static readonly ContainerEvent Subscribed = new(null, "subscribed", default);
}

/// <summary>The identity of a container from an inspect. <paramref name="Labels"/> decide about visibility.</summary>
internal sealed record ContainerDetails(string Id, string Name, IReadOnlyDictionary<string, string> Labels)
{
    public static ContainerDetails Of(ContainerFacts container) => new(container.Id, container.Name ?? new ShortId(container.Id).ToString(), container.Labels);
}

/// <summary>The parameters of a new container.</summary>
internal sealed record ContainerSpec
{
    public required ImageNameOrId Image { get; init; }
    public string? Name { get; init; }

    /// <summary>Null keeps the image's own command.</summary>
    public IReadOnlyList<string>? Command { get; init; }
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<PublishedPort> Ports { get; init; } = [];
    public string? NetworkMode { get; init; }
}

internal sealed record CreatedContainer(string Id, IReadOnlyList<string> Warnings);

/// <summary>Filters of a container list: the engine combines filters with AND, the values of one with OR.</summary>
/// <param name="All">Includes stopped containers.</param>
/// <param name="Filters">The engine's filters by name (<c>id</c>, <c>name</c>, <c>status</c>, <c>label</c> …).</param>
internal sealed record ContainerFilter(bool All, IReadOnlyDictionary<string, IReadOnlyList<string>>? Filters = null);

/// <summary>One row of the engine's image list.</summary>
internal sealed record ImageFacts
{
    /// <summary><c>sha256:</c> and 64 hex digits.</summary>
    public required string Id { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    public IReadOnlyList<string> Digests { get; init; } = [];
    public required DateTimeOffset? CreatedAt { get; init; }
    public required long SizeBytes { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>An image in full, with the history of its layers, newest first.</summary>
internal sealed record ImageDetails
{
    public required ImageFacts Summary { get; init; }
    public string? Comment { get; init; }
    public string? Author { get; init; }
    public string? Os { get; init; }
    public string? Architecture { get; init; }
    public string? Variant { get; init; }
    public IReadOnlyList<string>? Command { get; init; }
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public IReadOnlyList<string> Environment { get; init; } = [];
    public IReadOnlyList<string> ExposedPorts { get; init; } = [];
    public IReadOnlyList<string> Volumes { get; init; } = [];
    public string? WorkingDirectory { get; init; }
    public string? User { get; init; }
    public IReadOnlyList<string> Layers { get; init; } = [];
    public IReadOnlyList<ImageHistoryFacts> History { get; init; } = [];
}

internal sealed record ImageHistoryFacts(
    string? Id, DateTimeOffset? CreatedAt, string CreatedBy, IReadOnlyList<string> Tags, long SizeBytes, string? Comment);

/// <summary>The removed tags and deleted layers of an image.</summary>
internal sealed record RemovedImage(IReadOnlyList<string> Untagged, IReadOnlyList<string> Deleted);

/// <summary>The parameters of a commit. Engine 20.10 would leave an image without a name for a tag that it refuses.</summary>
/// <param name="Container">The full id.</param>
internal sealed record CommitSpec(
    string Container, ImageName? Tag, string? Comment, string? Author, bool Pause, IReadOnlyList<string> Changes);

/// <summary>The command, environment, user and working directory of a container; null or empty if not set.</summary>
internal sealed record ContainerConfiguration(
    IReadOnlyList<string>? Command, IReadOnlyList<string>? Entrypoint, IReadOnlyList<string> Environment, string? User, string? WorkingDirectory);

/// <summary>A path that a container changed against its image. <paramref name="Kind"/>: 0 modified, 1 added, 2 deleted.</summary>
internal sealed record FileChange(string Path, int Kind);

/// <summary>Credentials for one registry. Never logged: the record prints no member.</summary>
internal sealed record RegistryCredentials(string Username, string Password, string? ServerAddress)
{
    /// <summary>The names of Docker Hub in engines, clients and configuration files.</summary>
    private static readonly IReadOnlyList<string> Hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

    /// <summary>Whether they are for the registry at a host, <c>host[:port]</c> or an address as in <c>https://index.docker.io/v1/</c>.</summary>
    public bool AreFor(string registry) => ServerAddress is { } address && HostOf(address) == HostOf(registry);

    public override string ToString() => nameof(RegistryCredentials);

    private static string HostOf(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? address : address[(scheme + 3)..]).Split('/')[0].ToLowerInvariant();
        return Hub.Contains(host) ? Hub[0] : host;
    }
}

/// <summary>One line of a pull or a push: the state of one layer, or a sentence on the whole.</summary>
/// <param name="Layer">The layer's short id, or null where the line is about the whole.</param>
/// <param name="Digest">On the one line that names the digest of what was transferred, else null.</param>
internal sealed record TransferFacts(string? Layer, string Status, long? Current, long? Total, string? Digest = null);

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

/// <summary>An item of a build's output, the same for every builder.</summary>
internal abstract record BuildFact;

/// <summary>A step began. <paramref name="Number"/> and <paramref name="Total"/> count within the Dockerfile, null where the builder does
/// not say.</summary>
internal sealed record StepStarted(string Id, int? Number, int? Total, string Name) : BuildFact;

/// <summary>A step ended well. <paramref name="Took"/> is by the builder's clock, null where it does not say.</summary>
internal sealed record StepCompleted(string Id, bool Cached, TimeSpan? Took = null) : BuildFact;

/// <summary>Text a step printed, cut at line borders where the builder allows it. <paramref name="Stream"/> is <c>stdout</c> or
/// <c>stderr</c>.</summary>
internal sealed record StepLog(string? Step, string Stream, string Text) : BuildFact;

/// <summary>Progress of a transfer that a step waits for; units are bytes.</summary>
internal sealed record StepProgress(string? Step, string Id, string Status, long? Current, long? Total) : BuildFact;

internal sealed record BuildWarning(string Text, int? Line) : BuildFact;

/// <summary>An image was made; the last one of a build counts.</summary>
internal sealed record ImageBuilt(string ImageId) : BuildFact;

/// <summary>The build failed, in the builder's words. At most one, and nothing after it.</summary>
/// <param name="StepName">The step that failed, or null without one.</param>
/// <param name="Code">
/// What is to blame where that is no step: the Dockerfile, the context, or a builder that cannot do what the Dockerfile
/// asks for; null otherwise.
/// </param>
internal sealed record BuildFailed(string Message, string? StepName, int? ExitCode, ErrorCode? Code = null) : BuildFact;
