
namespace ContainerApi.Containers.Formatting;

/// <summary>One field of the picture by its path on the wire (<c>name</c>, <c>network.rxBytes</c>).</summary>
/// <param name="Section">The section that must be read to know it.</param>
/// <param name="Value">Text, number, time, enum or list; null where it is not known.</param>
internal sealed record ContainerField(string Name, ContainerSections Section, Func<Container, object?> Value);

/// <summary>Every field that <c>fields</c>, <c>sort</c> and CSV can name. A test holds them against the wire records.</summary>
internal static class ContainerColumns
{
    public static readonly IReadOnlyList<ContainerField> All =
    [
        new("engine", ContainerSections.None, c => c.Engine),
        new("id", ContainerSections.None, c => c.Id),
        new("shortId", ContainerSections.None, c => c.ShortId),
        new("name", ContainerSections.None, c => c.Name),
        new("aliases", ContainerSections.None, c => c.Aliases),
        new("image", ContainerSections.None, c => c.Image),
        new("imageId", ContainerSections.None, c => c.ImageId),
        new("createdAt", ContainerSections.None, c => c.CreatedAt),
        new("command", ContainerSections.None, c => c.Command),
        new("state", ContainerSections.None, c => c.State),
        new("status", ContainerSections.None, c => c.Status),
        new("health", ContainerSections.None, c => c.Health),
        new("networks", ContainerSections.None, c => c.Networks),
        new("ports", ContainerSections.None, c => c.Ports),
        new("labels", ContainerSections.None, c => c.Labels),
        .. Section("processes", ContainerSections.Processes, c => c.Processes),
        new("processes.items", ContainerSections.Processes, c => c.Processes?.Items),
        .. Section("network", ContainerSections.Network, c => c.Network),
        new("network.mode", ContainerSections.Network, c => c.Network?.Mode),
        new("network.sharedWith", ContainerSections.Network, c => c.Network?.SharedWith),
        new("network.rxBytes", ContainerSections.Network, c => c.Network?.RxBytes),
        new("network.rxPackets", ContainerSections.Network, c => c.Network?.RxPackets),
        new("network.rxErrors", ContainerSections.Network, c => c.Network?.RxErrors),
        new("network.rxDropped", ContainerSections.Network, c => c.Network?.RxDropped),
        new("network.txBytes", ContainerSections.Network, c => c.Network?.TxBytes),
        new("network.txPackets", ContainerSections.Network, c => c.Network?.TxPackets),
        new("network.txErrors", ContainerSections.Network, c => c.Network?.TxErrors),
        new("network.txDropped", ContainerSections.Network, c => c.Network?.TxDropped),
        new("network.rxBytesPerSecond", ContainerSections.Network, c => c.Network?.RxBytesPerSecond),
        new("network.txBytesPerSecond", ContainerSections.Network, c => c.Network?.TxBytesPerSecond),
        new("network.rateWindowMs", ContainerSections.Network, c => c.Network?.RateWindowMs),
        new("network.interfaces", ContainerSections.Network, c => c.Network?.Interfaces),
        .. Section("usage", ContainerSections.Usage, c => c.Usage),
        new("usage.cpuPercent", ContainerSections.Usage, c => c.Usage?.CpuPercent),
        new("usage.cpuTimeMs", ContainerSections.Usage, c => c.Usage?.CpuTimeMs),
        new("usage.memoryBytes", ContainerSections.Usage, c => c.Usage?.MemoryBytes),
        new("usage.memoryLimitBytes", ContainerSections.Usage, c => c.Usage?.MemoryLimitBytes),
        new("usage.pids", ContainerSections.Usage, c => c.Usage?.Pids),
        new("usage.blockReadBytes", ContainerSections.Usage, c => c.Usage?.BlockReadBytes),
        new("usage.blockWriteBytes", ContainerSections.Usage, c => c.Usage?.BlockWriteBytes),
    ];

    /// <summary>The sections as wholes: <c>fields</c> can name them, an order cannot.</summary>
    public static readonly IReadOnlyDictionary<string, ContainerSections> Sections = new Dictionary<string, ContainerSections>
    {
        ["processes"] = ContainerSections.Processes,
        ["network"] = ContainerSections.Network,
        ["usage"] = ContainerSections.Usage,
    };

    /// <summary>What <c>fields</c> may name.</summary>
    public static readonly IReadOnlyList<string> Names = [.. All.Select(f => f.Name), .. Sections.Keys];

    private static readonly Dictionary<string, ContainerField> ByName = All.ToDictionary(f => f.Name);

    public static ContainerField? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>What must be read to know a field or a section.</summary>
    public static ContainerSections SectionOf(string name) =>
        Sections.TryGetValue(name, out var section) ? section : Find(name)?.Section ?? ContainerSections.None;

    private static IEnumerable<ContainerField> Section(string name, ContainerSections section, Func<Container, ContainerSection?> of) =>
    [
        new(name + ".state", section, c => of(c)?.State),
        new(name + ".reason", section, c => of(c)?.Reason),
        new(name + ".sampledAt", section, c => of(c)?.SampledAt),
        new(name + ".source", section, c => of(c)?.Source),
    ];
}
