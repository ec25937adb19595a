using ContainerApi.Engine;

namespace ContainerApi.Tests;

/// <summary>A fake engine with one function per call. An unset call throws.</summary>
internal sealed class FakeEngine : IEngine
{
    public string Name { get; init; } = "local";
    public string Endpoint { get; init; } = "unix:///fake.sock";
    public string? ApiVersion { get; init; } = "1.41";
    public bool IsWindows { get; init; }

    public EngineCapabilities? Capabilities => ApiVersion is null ? null : CapabilitiesOf(ApiVersion);

    public Func<CancellationToken, Task<string>> Ping { get; set; } = _ => throw Unexpected();
    public Func<CancellationToken, Task<EngineInfo>> Describe { get; set; } = _ => throw Unexpected();
    public Func<ContainerFilter, CancellationToken, Task<IReadOnlyList<ContainerFacts>>> ListContainers { get; set; } = (_, _) => throw Unexpected();
    public Func<string, CancellationToken, Task<IReadOnlyList<ProcessFacts>>> ListProcesses { get; set; } = (_, _) => throw Unexpected();
    public Func<string, CancellationToken, Task<StatisticsFacts>> ReadStatistics { get; set; } = (_, _) => throw Unexpected();

    /// <summary>By default the engine runs on another host.</summary>
    public Func<IReadOnlyList<ContainerFacts>, HostSections, CancellationToken, Task<IReadOnlyDictionary<string, HostSample>>> ReadHost { get; set; } =
        (_, _, _) => Task.FromResult<IReadOnlyDictionary<string, HostSample>>(new Dictionary<string, HostSample>());

    public Func<CancellationToken, IAsyncEnumerable<ContainerEvent>> WatchContainers { get; set; } = _ => throw Unexpected();
    public Func<string, CancellationToken, Task<ContainerConfiguration>> ReadConfiguration { get; set; } = (_, _) => throw Unexpected();
    public Func<string, int, CancellationToken, Task<IReadOnlyList<FileChange>>> ListFileChanges { get; set; } = (_, _, _) => throw Unexpected();
    public Func<ContainerSpec, CancellationToken, Task<CreatedContainer>> CreateContainer { get; set; } = (_, _) => throw Unexpected();
    public Func<string, CancellationToken, Task> StartContainer { get; set; } = (_, _) => throw Unexpected();
    public Func<string, TimeSpan?, CancellationToken, Task> StopContainer { get; set; } = (_, _, _) => throw Unexpected();
    public Func<string, TimeSpan?, CancellationToken, Task> RestartContainer { get; set; } = (_, _, _) => throw Unexpected();
    public Func<string, bool, bool, CancellationToken, Task> RemoveContainer { get; set; } = (_, _, _, _) => throw Unexpected();
    public Func<IReadOnlyDictionary<string, IReadOnlyList<string>>?, CancellationToken, Task<IReadOnlyList<ImageFacts>>> ListImages { get; set; } = (
        _, _) =>
        throw Unexpected();
    public Func<string, CancellationToken, Task<ImageDetails>> InspectImage { get; set; } = (_, _) => throw Unexpected();
    public Func<string, string, string, CancellationToken, Task> TagImage { get; set; } = (_, _, _, _) => throw Unexpected();
    public Func<string, bool, CancellationToken, Task<RemovedImage>> RemoveImage { get; set; } = (_, _, _) => throw Unexpected();
    public Func<string, string?, RegistryCredentials?, CancellationToken, IAsyncEnumerable<TransferFacts>> PullImage { get; set; } = (_, _, _, _) =>
        throw Unexpected();
    public Func<string, RegistryCredentials?, CancellationToken, IAsyncEnumerable<TransferFacts>> PushImage { get; set; } = (_, _, _) =>
        throw Unexpected();
    public Func<CommitSpec, CancellationToken, Task<string>> CommitContainer { get; set; } = (_, _) => throw Unexpected();
    public Func<BuildSpec, Stream, CancellationToken, IAsyncEnumerable<BuildFact>> Build { get; set; } = (_, _, _) => throw Unexpected();

    async Task<EngineCapabilities> IEngine.PingAsync(CancellationToken cancellationToken) => CapabilitiesOf(await Ping(cancellationToken));
    Task<EngineInfo> IEngine.DescribeAsync(CancellationToken cancellationToken) => Describe(cancellationToken);
    Task<IReadOnlyList<ContainerFacts>> IEngine.ListContainersAsync(
        ContainerFilter filter, CancellationToken cancellationToken) => ListContainers(filter, cancellationToken);
    Task<IReadOnlyList<ProcessFacts>> IEngine.ListProcessesAsync(
        string id, CancellationToken cancellationToken) => ListProcesses(id, cancellationToken);
    Task<StatisticsFacts> IEngine.ReadStatisticsAsync(
        string id, CancellationToken cancellationToken) => ReadStatistics(id, cancellationToken);
    Task<IReadOnlyDictionary<string, HostSample>> IEngine.ReadHostAsync(
        IReadOnlyList<ContainerFacts> containers, HostSections sections,
        CancellationToken cancellationToken) => ReadHost(containers, sections, cancellationToken);
    IAsyncEnumerable<ContainerEvent> IEngine.WatchContainersAsync(CancellationToken cancellationToken) => WatchContainers(cancellationToken);
    Task<ContainerDetails> IEngine.InspectContainerAsync(
        ContainerReference container, CancellationToken cancellationToken) => InspectContainer(container, cancellationToken);
    Task<ContainerConfiguration> IEngine.ReadConfigurationAsync(
        string id, CancellationToken cancellationToken) => ReadConfiguration(id, cancellationToken);
    Task<IReadOnlyList<FileChange>> IEngine.ListFileChangesAsync(
        string id, int max, CancellationToken cancellationToken) => ListFileChanges(id, max, cancellationToken);
    Task<CreatedContainer> IEngine.CreateContainerAsync(
        ContainerSpec spec, CancellationToken cancellationToken) => CreateContainer(spec, cancellationToken);
    Task IEngine.StartContainerAsync(string id, CancellationToken cancellationToken) => StartContainer(id, cancellationToken);
    Task IEngine.StopContainerAsync(
        string id, TimeSpan? grace, CancellationToken cancellationToken) => StopContainer(id, grace, cancellationToken);
    Task IEngine.RestartContainerAsync(
        string id, TimeSpan? grace, CancellationToken cancellationToken) => RestartContainer(id, grace, cancellationToken);
    Task IEngine.RemoveContainerAsync(
        string id, bool force, bool volumes,
        CancellationToken cancellationToken) => RemoveContainer(id, force, volumes, cancellationToken);
    Task<IReadOnlyList<ImageFacts>> IEngine.ListImagesAsync(
        IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken cancellationToken) => ListImages(filters, cancellationToken);
    Task<ImageDetails> IEngine.InspectImageAsync(
        ImageNameOrId image, CancellationToken cancellationToken) => InspectImage(image.Lookup, cancellationToken);
    Task IEngine.TagImageAsync(
        ImageNameOrId image, ImageName tag, CancellationToken cancellationToken) => TagImage(image.Lookup, tag.Repository, tag.Tag, cancellationToken);
    Task<RemovedImage> IEngine.RemoveImageAsync(
        ImageNameOrId image, bool force, CancellationToken cancellationToken) => RemoveImage(image.Lookup, force, cancellationToken);
    IAsyncEnumerable<TransferFacts> IEngine.PullImageAsync(
        ImageReference image, string? platform, RegistryCredentials? credentials,
        CancellationToken cancellationToken) => PullImage(image.ToString(), platform, credentials, cancellationToken);
    IAsyncEnumerable<TransferFacts> IEngine.PushImageAsync(
        ImageName image, RegistryCredentials? credentials,
        CancellationToken cancellationToken) => PushImage(image.ToString(), credentials, cancellationToken);
    Task<string> IEngine.CommitContainerAsync(CommitSpec spec, CancellationToken cancellationToken) => CommitContainer(spec, cancellationToken);
    IAsyncEnumerable<BuildFact> IEngine.BuildAsync(
        BuildSpec spec, Stream context, CancellationToken cancellationToken) => Build(spec, context, cancellationToken);

    /// <summary>By default a container of the list, by the engine's precedence.</summary>
    public Func<ContainerReference, CancellationToken, Task<ContainerDetails>> InspectContainer
    {
        get => field ?? InspectListedAsync;
        set;
    }

    private async Task<ContainerDetails> InspectListedAsync(ContainerReference reference, CancellationToken cancellationToken) =>
        ContainerMatch.Find(await ListContainers(new ContainerFilter(All: true), cancellationToken), reference) switch
        {
            [var one] => ContainerDetails.Of(one),
            [] => throw new EngineException(ErrorCode.ContainerNotFound, Name, $"No such container: {reference}"),
            _ => throw new EngineException(ErrorCode.Conflict, Name, $"Multiple IDs found with provided prefix: {reference}"),
        };

    private EngineCapabilities CapabilitiesOf(string apiVersion) => new(apiVersion, isWindows: IsWindows);

    private static InvalidOperationException Unexpected() => new("The test did not expect this engine call.");
}
