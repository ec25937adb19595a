using System.Runtime.CompilerServices;

namespace ContainerApi.Tests;

/// <summary>A fake engine with one function per call. An unset call throws.</summary>
internal sealed class FakeEngine : IEngine
{
    public string Name { get; init; } = "local";
    public string Endpoint { get; init; } = "unix:///fake.sock";
    public string? ApiVersion { get; set; } = "1.41";
    public bool IsWindows { get; init; }

    public EngineCapabilities? Capabilities => ApiVersion is null ? null : CapabilitiesOf(ApiVersion);

    public Func<CancellationToken, Task<string>> Ping { get; set; } = _ => throw Unexpected();
    public Func<CancellationToken, Task<EngineInfo>> Describe { get; set; } = _ => throw Unexpected();

    /// <summary>By default the engine is no manager of a Swarm.</summary>
    public Func<string, CancellationToken, Task<IReadOnlyList<SwarmNode>>> ListNodes { get; set; } =
        (_, _) => throw new EngineException(ErrorCode.FeatureUnsupported, "fake", "This node is not a swarm manager.");
    public Func<ContainerFilter, CancellationToken, Task<IReadOnlyList<ContainerFacts>>> ListContainers { get; set; } = (_, _) => throw Unexpected();
    public Func<string, CancellationToken, Task<IReadOnlyList<ProcessFacts>>> ListProcesses { get; set; } = (_, _) => throw Unexpected();
    public Func<string, CancellationToken, Task<StatisticsFacts>> ReadStatistics { get; set; } = (_, _) => throw Unexpected();

    /// <summary>By default the engine runs on another host.</summary>
    public Func<IReadOnlyList<ContainerFacts>, HostSections, CancellationToken, Task<IReadOnlyDictionary<string, HostSample>>> ReadHost { get; set; }
        = (_, _, _) => Task.FromResult<IReadOnlyDictionary<string, HostSample>>(new Dictionary<string, HostSample>());

    public Func<CancellationToken, IAsyncEnumerable<ContainerEvent>> WatchContainers { get; set; } = _ => throw Unexpected();
    public Func<string, LogRange, CancellationToken, IAsyncEnumerable<LogLines>> ReadLogs { get; set; } = (_, _, _) => throw Unexpected();
    public Func<string, CancellationToken, Task<ContainerConfiguration>> ReadConfiguration { get; set; } = (_, _) => throw Unexpected();
    public Func<string, int, CancellationToken, Task<IReadOnlyList<FileChange>>> ListFileChanges { get; set; } = (_, _, _) => throw Unexpected();
    public Func<ContainerSpec, CancellationToken, Task<CreatedContainer>> CreateContainer { get; set; } = (_, _) => throw Unexpected();
    public Func<string, CancellationToken, Task> StartContainer { get; set; } = (_, _) => throw Unexpected();
    public Func<string, TimeSpan?, CancellationToken, Task> StopContainer { get; set; } = (_, _, _) => throw Unexpected();
    public Func<string, TimeSpan?, CancellationToken, Task> RestartContainer { get; set; } = (_, _, _) => throw Unexpected();

    /// <summary>Pause, unpause, kill and rename, as the call's name and parameters.</summary>
    public Func<string, CancellationToken, Task> ChangeContainer { get; set; } = (_, _) => throw Unexpected();
    public Func<string, bool, bool, CancellationToken, Task> RemoveContainer { get; set; } = (_, _, _, _) => throw Unexpected();
    public Func<IReadOnlyDictionary<string, IReadOnlyList<string>>?, CancellationToken, Task<IReadOnlyList<ImageFacts>>> ListImages { get; set; } =
        (_, _) => throw Unexpected();
    public Func<string, CancellationToken, Task<ImageDetails>> InspectImage { get; set; } = (_, _) => throw Unexpected();
    public Func<string, string, string, CancellationToken, Task> TagImage { get; set; } = (_, _, _, _) => throw Unexpected();
    public Func<string, bool, CancellationToken, Task<RemovedImage>> RemoveImage { get; set; } = (_, _, _) => throw Unexpected();
    public Func<string, string?, RegistryCredentials?, CancellationToken, IAsyncEnumerable<TransferFacts>> PullImage { get; set; } =
        (_, _, _, _) => throw Unexpected();
    public Func<string, RegistryCredentials?, CancellationToken, IAsyncEnumerable<TransferFacts>> PushImage { get; set; } =
        (_, _, _) => throw Unexpected();
    public Func<string, RegistryCredentials?, CancellationToken, Task<string>> ReadRegistryDigest { get; set; } = (_, _, _) => throw Unexpected();
    public Func<ImagePruneFilter, CancellationToken, Task<PrunedImages>> PruneImages { get; set; } = (_, _) => throw Unexpected();
    public Func<bool, CancellationToken, Task<DiskFacts>> ReadDisk { get; set; } = (_, _) => throw Unexpected();
    public Func<IReadOnlyList<string>, CancellationToken, Task<Stream>> SaveImages { get; set; } = (_, _) => throw Unexpected();
    public Func<Stream, CancellationToken, IAsyncEnumerable<TransferFacts>> LoadImages { get; set; } = (_, _) => throw Unexpected();
    public Func<ImportSpec, Stream, CancellationToken, Task<string>> ImportImage { get; set; } = (_, _, _) => throw Unexpected();
    public Func<CommitSpec, CancellationToken, Task<string>> CommitContainer { get; set; } = (_, _) => throw Unexpected();
    public Func<CancellationToken, Task<IReadOnlyList<CacheRecord>>> ListCache { get; set; } = _ => throw Unexpected();
    public Func<CachePrune, CancellationToken, Task<IReadOnlyList<CacheRecord>>> PruneCache { get; set; } = (_, _) => throw Unexpected();

    /// <summary>Gets the parameters of each build.</summary>
    public Action<BuildSpec, BuildInput>? BuildInput { get; set; }
    public Func<BuildSpec, Stream, Stream, CancellationToken, IAsyncEnumerable<BuildFact>> BuildFile { get; set; } =
        (_, _, _, _) => throw Unexpected();
    public Func<BuildSpec, Stream, CancellationToken, IAsyncEnumerable<BuildFact>> Build { get; set; } = (_, _, _) => throw Unexpected();

    async Task<EngineCapabilities> IEngine.PingAsync(CancellationToken token) => CapabilitiesOf(await Ping(token));
    Task<EngineInfo> IEngine.DescribeAsync(CancellationToken token) => Describe(token);
    Task<IReadOnlyList<SwarmNode>> IEngine.ListNodesAsync(string service, CancellationToken token) => ListNodes(service, token);
    Task<IReadOnlyList<ContainerFacts>> IEngine.ListContainersAsync(ContainerFilter filter, CancellationToken token) => ListContainers(filter, token);
    Task<IReadOnlyList<ProcessFacts>> IEngine.ListProcessesAsync(string id, CancellationToken token) => ListProcesses(id, token);
    Task<StatisticsFacts> IEngine.ReadStatisticsAsync(string id, CancellationToken token) => ReadStatistics(id, token);
    Task<IReadOnlyDictionary<string, HostSample>> IEngine.ReadHostAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections, CancellationToken token) =>
        ReadHost(containers, sections, token);
    IAsyncEnumerable<ContainerEvent> IEngine.WatchContainersAsync(CancellationToken token) => WatchContainers(token);
    IAsyncEnumerable<LogLines> IEngine.ReadLogsAsync(string id, LogRange range, CancellationToken token) => ReadLogs(id, range, token);
    Task<ContainerDetails> IEngine.InspectContainerAsync(ContainerReference container, CancellationToken token) => InspectContainer(container, token);
    async IAsyncEnumerable<ContainerInspection> IEngine.InspectContainersAsync(
        IReadOnlyList<string> ids, bool size, TimeSpan? timeout, [EnumeratorCancellation] CancellationToken token)
    {
        await foreach (var done in Task.WhenEach(ids.Select(id => InspectOneAsync(id, size, token))).WithCancellation(token))
        {
            yield return await done;
        }
    }

    Task<ContainerConfiguration> IEngine.ReadConfigurationAsync(string id, CancellationToken token) => ReadConfiguration(id, token);
    Task<IReadOnlyList<FileChange>> IEngine.ListFileChangesAsync(string id, int max, CancellationToken token) => ListFileChanges(id, max, token);
    Task<CreatedContainer> IEngine.CreateContainerAsync(ContainerSpec spec, CancellationToken token) => CreateContainer(spec, token);
    Task IEngine.StartContainerAsync(string id, CancellationToken token) => StartContainer(id, token);
    Task IEngine.StopContainerAsync(string id, TimeSpan? grace, CancellationToken token) => StopContainer(id, grace, token);
    Task IEngine.RestartContainerAsync(string id, TimeSpan? grace, CancellationToken token) => RestartContainer(id, grace, token);
    Task IEngine.PauseContainerAsync(string id, CancellationToken token) => ChangeContainer($"pause {id}", token);
    Task IEngine.UnpauseContainerAsync(string id, CancellationToken token) => ChangeContainer($"unpause {id}", token);
    Task IEngine.KillContainerAsync(string id, string? signal, CancellationToken token) => ChangeContainer($"kill {id} {signal}", token);
    Task IEngine.RenameContainerAsync(string id, string name, CancellationToken token) => ChangeContainer($"rename {id} {name}", token);
    Task IEngine.RemoveContainerAsync(string id, bool force, bool volumes, CancellationToken token) => RemoveContainer(id, force, volumes, token);
    Task<IReadOnlyList<ImageFacts>> IEngine.ListImagesAsync(IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken token) =>
        ListImages(filters, token);
    Task<ImageDetails> IEngine.InspectImageAsync(ImageNameOrId image, CancellationToken token) => InspectImage(image.Lookup, token);
    Task IEngine.TagImageAsync(ImageNameOrId image, ImageName tag, CancellationToken token) => TagImage(image.Lookup, tag.Repository, tag.Tag, token);
    Task<RemovedImage> IEngine.RemoveImageAsync(ImageNameOrId image, bool force, CancellationToken token) => RemoveImage(image.Lookup, force, token);
    IAsyncEnumerable<TransferFacts> IEngine.PullImageAsync(
        ImageReference image, string? platform, RegistryCredentials? credentials, CancellationToken token) =>
        PullImage(image.ToString(), platform, credentials, token);
    IAsyncEnumerable<TransferFacts> IEngine.PushImageAsync(ImageName image, RegistryCredentials? credentials, CancellationToken token) =>
        PushImage(image.ToString(), credentials, token);
    Task<string> IEngine.ReadRegistryDigestAsync(ImageReference image, RegistryCredentials? credentials, CancellationToken token) =>
        ReadRegistryDigest(image.ToString(), credentials, token);
    Task<PrunedImages> IEngine.PruneImagesAsync(ImagePruneFilter filter, CancellationToken token) => PruneImages(filter, token);
    Task<DiskFacts> IEngine.ReadDiskAsync(bool withImages, CancellationToken token) => ReadDisk(withImages, token);
    Task<Stream> IEngine.SaveImagesAsync(IReadOnlyList<ImageNameOrId> images, CancellationToken token) =>
        SaveImages([.. images.Select(i => i.Lookup)], token);
    IAsyncEnumerable<TransferFacts> IEngine.LoadImagesAsync(Stream archive, CancellationToken token) => LoadImages(archive, token);
    Task<string> IEngine.ImportImageAsync(ImportSpec spec, Stream archive, CancellationToken token) => ImportImage(spec, archive, token);
    Task<string> IEngine.CommitContainerAsync(CommitSpec spec, CancellationToken token) => CommitContainer(spec, token);
    Task<IReadOnlyList<CacheRecord>> IEngine.ListCacheAsync(CancellationToken token) => ListCache(token);
    Task<IReadOnlyList<CacheRecord>> IEngine.PruneCacheAsync(CachePrune prune, CancellationToken token) => PruneCache(prune, token);
    IAsyncEnumerable<BuildFact> IEngine.BuildAsync(BuildSpec spec, BuildInput context, CancellationToken token)
    {
        BuildInput?.Invoke(spec, context);
        return context.Output is { } output
            ? BuildFile(spec, context.OpenArchive(), output, token)
            : Build(spec, context.OpenArchive(), token);
    }

    /// <summary>By default a container of the list, by the engine's precedence.</summary>
    public Func<ContainerReference, CancellationToken, Task<ContainerDetails>> InspectContainer
    {
        get => field ?? InspectListedAsync;
        set;
    }

    /// <summary>Inspects with sizes; by default the same without.</summary>
    public Func<ContainerReference, CancellationToken, Task<ContainerDetails>>? InspectWithSize { get; set; }

    private async Task<ContainerInspection> InspectOneAsync(string id, bool size, CancellationToken cancellationToken)
    {
        try
        {
            var inspect = size ? InspectWithSize ?? InspectContainer : InspectContainer;
            return new ContainerInspection(id, await inspect(new ContainerReference(id), cancellationToken), null);
        }
        catch (EngineException e)
        {
            return new ContainerInspection(id, null, e);
        }
    }

    /// <summary>A subscription without events.</summary>
    public static async IAsyncEnumerable<ContainerEvent> SubscribedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return ContainerEvent.Subscribed;
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    private async Task<ContainerDetails> InspectListedAsync(ContainerReference reference, CancellationToken cancellationToken) =>
        ContainerMatch.Find(await ListContainers(new ContainerFilter(All: true), cancellationToken), reference) switch
        {
            [var one] => ContainerDetails.Of(one),
            [] => throw new EngineException(ErrorCode.ContainerNotFound, Name, $"No such container: {reference}"),
            _ => throw new EngineException(ErrorCode.AmbiguousReference, Name, $"Multiple IDs found with provided prefix: {reference}"),
        };

    private EngineCapabilities CapabilitiesOf(string apiVersion) => new(apiVersion, isWindows: IsWindows);

    private static InvalidOperationException Unexpected() => new("The test did not expect this engine call.");
}
