namespace ContainerApi.Engine;

/// <summary>
/// One Docker Engine. Every call has a timeout. A failure of the engine or of its connection is an
/// <see cref="EngineException"/>; <see cref="OperationCanceledException"/> means that the caller's token was cancelled.
/// </summary>
internal interface IEngine
{
    /// <summary>The name in the configuration.</summary>
    string Name { get; }

    /// <summary>The address, without credentials.</summary>
    string Endpoint { get; }

    /// <summary>What the engine can do; null before the first connection.</summary>
    EngineCapabilities? Capabilities { get; }

    /// <summary>Connects and negotiates the API version (<c>GET /_ping</c>).</summary>
    Task<EngineCapabilities> PingAsync(CancellationToken cancellationToken);

    Task<EngineInfo> DescribeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Lists the nodes of the Swarm on which a service should run; <see cref="ErrorCode.FeatureUnsupported"/> where the engine is no manager.
    /// </summary>
    Task<IReadOnlyList<SwarmNode>> ListNodesAsync(string service, CancellationToken cancellationToken);

    Task<IReadOnlyList<ContainerFacts>> ListContainersAsync(ContainerFilter filter, CancellationToken cancellationToken);

    /// <summary>Lists the processes of a running container. Costs the engine about 20 ms: it runs <c>ps</c> on its host.</summary>
    Task<IReadOnlyList<ProcessFacts>> ListProcessesAsync(string id, CancellationToken cancellationToken);

    /// <summary>Reads one sample. Engines before API 1.42 answer at their collector's next tick, up to a second later.</summary>
    Task<StatisticsFacts> ReadStatisticsAsync(string id, CancellationToken cancellationToken);

    /// <summary>
    /// Reads these containers from the engine's host, where this service shares it, without a call to the engine. The engine must be
    /// asked for containers that are missing from the result; it is empty where the host is not shared.
    /// </summary>
    Task<IReadOnlyDictionary<string, HostSample>> ReadHostAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken cancellationToken);

    /// <summary>
    /// Streams the events of containers without those of reading calls (<c>top</c>, <c>exec</c>). The first item is
    /// <see cref="ContainerEvent.Subscribed"/>: no event is missed from then on. A lost connection is an <see cref="EngineException"/>.
    /// </summary>
    IAsyncEnumerable<ContainerEvent> WatchContainersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Reads a container's log, line by line in the engine's order. The first item has no lines: the engine accepted the call. Lines are
    /// valid until the next step. Nothing is read before the next step, so a slow reader stops the engine. A log driver that cannot be
    /// read is <see cref="ErrorCode.FeatureUnsupported"/>.
    /// </summary>
    IAsyncEnumerable<LogLines> ReadLogsAsync(string id, LogRange range, CancellationToken cancellationToken);

    /// <summary>
    /// Finds one container by name, full id or unique id prefix. Fails with <see cref="ErrorCode.AmbiguousReference"/> for an ambiguous prefix.
    /// </summary>
    Task<ContainerDetails> InspectContainerAsync(ContainerReference container, CancellationToken cancellationToken);

    /// <summary>
    /// Inspects containers, a few at a time, and returns them as the engine answers. A container that cannot be inspected has a failure.
    /// </summary>
    /// <param name="size">Whether to compute the sizes, for which the engine walks the files of the writable layer.</param>
    /// <param name="timeout">The timeout of one inspect, without waiting; null for that of every call.</param>
    IAsyncEnumerable<ContainerInspection> InspectContainersAsync(
        IReadOnlyList<string> ids, bool size, TimeSpan? timeout, CancellationToken cancellationToken);

    Task<ContainerConfiguration> ReadConfigurationAsync(string id, CancellationToken cancellationToken);

    /// <summary>Lists at most <paramref name="max"/> files that differ from the image. The engine walks the container's files.</summary>
    Task<IReadOnlyList<FileChange>> ListFileChangesAsync(string id, int max, CancellationToken cancellationToken);

    Task<CreatedContainer> CreateContainerAsync(ContainerSpec spec, CancellationToken cancellationToken);

    /// <summary>Starts the container; succeeds if it is running already.</summary>
    Task StartContainerAsync(string id, CancellationToken cancellationToken);

    /// <summary>Stops the container; succeeds if it is stopped already.</summary>
    /// <param name="grace">The time before the container is killed; null for the container's own, negative for no end.</param>
    Task StopContainerAsync(string id, TimeSpan? grace, CancellationToken cancellationToken);

    Task RestartContainerAsync(string id, TimeSpan? grace, CancellationToken cancellationToken);

    /// <summary>Pauses a running container; succeeds if it is paused already.</summary>
    Task PauseContainerAsync(string id, CancellationToken cancellationToken);

    /// <summary>Continues a paused container; succeeds if it is running.</summary>
    Task UnpauseContainerAsync(string id, CancellationToken cancellationToken);

    /// <param name="signal">A name or a number; null for SIGKILL.</param>
    Task KillContainerAsync(string id, string? signal, CancellationToken cancellationToken);

    /// <summary>Renames the container; succeeds if it has the name already.</summary>
    Task RenameContainerAsync(string id, string name, CancellationToken cancellationToken);

    Task RemoveContainerAsync(string id, bool force, bool volumes, CancellationToken cancellationToken);

    /// <param name="filters">The engine's filters by name (<c>reference</c>, <c>dangling</c>, <c>label</c>).</param>
    Task<IReadOnlyList<ImageFacts>> ListImagesAsync(
        IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken cancellationToken);

    Task<ImageDetails> InspectImageAsync(ImageNameOrId image, CancellationToken cancellationToken);

    Task TagImageAsync(ImageNameOrId image, ImageName tag, CancellationToken cancellationToken);

    Task<RemovedImage> RemoveImageAsync(ImageNameOrId image, bool force, CancellationToken cancellationToken);

    /// <summary>Pulls an image. A refusal by the registry is an <see cref="EngineException"/> from the enumeration.</summary>
    IAsyncEnumerable<TransferFacts> PullImageAsync(
        ImageReference image, string? platform, RegistryCredentials? credentials, CancellationToken cancellationToken);

    /// <summary>
    /// Pushes an image to the registry in its name. A refusal by the registry and a missing image are an
    /// <see cref="EngineException"/> from the enumeration.
    /// </summary>
    IAsyncEnumerable<TransferFacts> PushImageAsync(ImageName image, RegistryCredentials? credentials, CancellationToken cancellationToken);

    /// <summary>Returns the digest (<c>sha256:…</c>) that the registry of an image has for its name now.</summary>
    Task<string> ReadRegistryDigestAsync(ImageReference image, RegistryCredentials? credentials, CancellationToken cancellationToken);

    /// <summary>Removes images that no container uses; the engine decides which ones.</summary>
    Task<PrunedImages> PruneImagesAsync(ImagePruneFilter filter, CancellationToken cancellationToken);

    /// <summary>Calculates the disk usage, which may take minutes. One calculation of an engine runs at a time.</summary>
    /// <param name="withImages">Whether only the images are read, each with its own size.</param>
    Task<DiskFacts> ReadDiskAsync(bool withImages, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a tar archive with images, as <c>docker save</c> writes it. The caller disposes of the stream. An engine that fails after it
    /// has begun ends the stream early or with other text: the end of the archive must be checked.
    /// </summary>
    Task<Stream> SaveImagesAsync(IReadOnlyList<ImageNameOrId> images, CancellationToken cancellationToken);

    /// <summary>Loads the images of a tar archive. A refusal is an <see cref="EngineException"/> from the enumeration.</summary>
    IAsyncEnumerable<TransferFacts> LoadImagesAsync(Stream archive, CancellationToken cancellationToken);

    /// <summary>Creates an image from the tar archive of a file system and returns its id (<c>sha256:…</c>).</summary>
    Task<string> ImportImageAsync(ImportSpec spec, Stream archive, CancellationToken cancellationToken);

    /// <summary>Commits and returns the new image's id (<c>sha256:…</c>). Duration grows with the size of the container's writable layer.</summary>
    Task<string> CommitContainerAsync(CommitSpec spec, CancellationToken cancellationToken);

    /// <summary>Lists the records of BuildKit's cache; <see cref="ErrorCode.FeatureUnsupported"/> without BuildKit.</summary>
    Task<IReadOnlyList<CacheRecord>> ListCacheAsync(CancellationToken cancellationToken);

    /// <summary>Removes records of BuildKit's cache and returns them. May take minutes.</summary>
    Task<IReadOnlyList<CacheRecord>> PruneCacheAsync(CachePrune prune, CancellationToken cancellationToken);

    /// <summary>
    /// Builds <paramref name="context"/> with the builder of the spec. A refusal before the build starts is an <see cref="EngineException"/>
    /// from the first step of the enumeration; a build that fails later ends with <see cref="BuildFailed"/>. Disposing the enumerator stops
    /// the build on the engine.
    /// </summary>
    IAsyncEnumerable<BuildFact> BuildAsync(BuildSpec spec, BuildInput context, CancellationToken cancellationToken);
}
