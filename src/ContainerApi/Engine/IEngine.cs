namespace ContainerApi.Engine;

/// <summary>
/// One Docker Engine, in our own words. Every call throws <see cref="EngineException"/> for what the engine or the way
/// to it did wrong, has a deadline of its own, and throws <see cref="OperationCanceledException"/> only when the
/// caller's token was cancelled. Names and references are validated before they come here.
/// </summary>
internal interface IEngine : IContainerEngine, IImageEngine, IBuildEngine
{
    /// <summary>The name the configuration gives it.</summary>
    string Name { get; }

    /// <summary>Where it listens, without credentials.</summary>
    string Endpoint { get; }

    /// <summary>The API version spoken with it; null while none is negotiated.</summary>
    string? ApiVersion { get; }

    /// <summary>Why it has no BuildKit, a sentence; null where it has, and while no version is negotiated.</summary>
    string? BuildKitUnavailableReason { get; }

    /// <summary>Whether it is Podman's service that speaks Docker's API; false while no version is negotiated.</summary>
    bool IsPodman { get; }

    /// <summary>Asks whether it answers, and with which API version we speak to it (<c>GET /_ping</c>).</summary>
    Task<string> PingAsync(CancellationToken cancellationToken);

    Task<EngineInfo> DescribeAsync(CancellationToken cancellationToken);
}

/// <summary>What we ask an engine about containers.</summary>
internal interface IContainerEngine
{
    Task<IReadOnlyList<ContainerFacts>> ListContainersAsync(ContainerFilter filter, CancellationToken cancellationToken);

    /// <summary>The processes of a container that has some. Costs the engine about 20 ms: it runs <c>ps</c> on its host.</summary>
    Task<IReadOnlyList<ProcessFacts>> ListProcessesAsync(string id, CancellationToken cancellationToken);

    /// <summary>One sample. Engines before API 1.42 answer only at their collector's next tick, up to a second later.</summary>
    Task<StatisticsFacts> ReadStatisticsAsync(string id, CancellationToken cancellationToken);

    /// <summary>
    /// Reads what the engine's own host shows of these containers, where this service shares it: one pass, no call to the
    /// engine. A container that is missing from the answer is not visible there and must be asked of the engine; where the
    /// host is not shared the answer is empty.
    /// </summary>
    Task<IReadOnlyDictionary<string, HostSample>> ReadHostAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken cancellationToken);

    /// <summary>
    /// What happens to containers, from now on, until the caller's token or the engine ends it; the first item is
    /// <see cref="ContainerEvent.Subscribed"/>, so that a caller knows from when on nothing is missed. Calls that only look
    /// (<c>top</c>, <c>exec</c>) are left out. An engine that goes away is an <see cref="EngineException"/>.
    /// </summary>
    IAsyncEnumerable<ContainerEvent> WatchContainersAsync(CancellationToken cancellationToken);

    /// <summary>Finds one container by name, full id or unique id prefix. Fails with <see cref="EngineErrorKind.Conflict"/> for an ambiguous prefix.</summary>
    Task<ContainerDetails> InspectContainerAsync(string container, CancellationToken cancellationToken);

    Task<ContainerConfiguration> ReadConfigurationAsync(string container, CancellationToken cancellationToken);

    /// <summary>What the container changed against its image, in the engine's order, at most <paramref name="most"/>. The engine walks the container's files for it.</summary>
    Task<IReadOnlyList<FileChange>> ListFileChangesAsync(string container, int most, CancellationToken cancellationToken);

    Task<CreatedContainer> CreateContainerAsync(ContainerSpec spec, CancellationToken cancellationToken);

    /// <summary>Starts it; no error where it runs already.</summary>
    Task StartContainerAsync(string container, CancellationToken cancellationToken);

    /// <summary>Stops it; no error where it is stopped already. <paramref name="grace"/>: how long before it is killed, null for the container's own.</summary>
    Task StopContainerAsync(string container, TimeSpan? grace, CancellationToken cancellationToken);

    Task RestartContainerAsync(string container, TimeSpan? grace, CancellationToken cancellationToken);

    Task RemoveContainerAsync(string container, bool force, bool volumes, CancellationToken cancellationToken);
}

/// <summary>What we ask an engine about images.</summary>
internal interface IImageEngine
{
    /// <param name="filters">The engine's filters by name (<c>reference</c>, <c>dangling</c>, <c>label</c>).</param>
    Task<IReadOnlyList<ImageFacts>> ListImagesAsync(
        IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken cancellationToken);

    Task<ImageDetails> InspectImageAsync(string reference, CancellationToken cancellationToken);

    Task TagImageAsync(string source, string repository, string tag, CancellationToken cancellationToken);

    Task<RemovedImage> RemoveImageAsync(string reference, bool force, CancellationToken cancellationToken);

    /// <summary>Pulls; ends when the image is there. A refusal by the registry is an <see cref="EngineException"/> from the enumeration.</summary>
    IAsyncEnumerable<TransferFacts> PullImageAsync(
        string reference, string? platform, RegistryCredentials? credentials, CancellationToken cancellationToken);

    /// <summary>
    /// Pushes the image of a name and tag to the registry that the name begins with; ends when the registry has it. A refusal
    /// by the registry is an <see cref="EngineException"/> from the enumeration, also that there is no image of that name here.
    /// </summary>
    IAsyncEnumerable<TransferFacts> PushImageAsync(string reference, RegistryCredentials? credentials, CancellationToken cancellationToken);

    /// <summary>Commits and returns the new image's id (<c>sha256:…</c>). Takes as long as the container's filesystem is large.</summary>
    Task<string> CommitContainerAsync(CommitSpec spec, CancellationToken cancellationToken);
}

/// <summary>What we ask an engine about builds.</summary>
internal interface IBuildEngine
{
    /// <summary>
    /// Builds <paramref name="context"/>, a tar stream (plain or gzip), with the builder that the spec names. A refusal before the
    /// work begins is an <see cref="EngineException"/> from the first step of the enumeration; a build that fails later
    /// ends with <see cref="BuildFailed"/>. Ending the enumeration early, or the token, stops the work on the engine.
    /// </summary>
    IAsyncEnumerable<BuildFact> BuildAsync(BuildSpec spec, Stream context, CancellationToken cancellationToken);
}
