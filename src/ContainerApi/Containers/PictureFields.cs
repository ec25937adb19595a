namespace ContainerApi.Containers;

/// <summary>One field of the picture by its path on the wire (<c>name</c>, <c>network.rxBytes</c>).</summary>
/// <param name="Section">The section that must be read to know it.</param>
/// <param name="Value">Text, number, time, enum or list; null where it is not known.</param>
internal sealed record PictureField(string Name, PictureSections Section, Func<ContainerPicture, object?> Value);

/// <summary>Every field that <c>fields</c>, <c>sort</c> and CSV can name. A test holds them against the wire records.</summary>
internal static class PictureFields
{
    public static readonly IReadOnlyList<PictureField> All =
    [
        new("engine", PictureSections.None, c => c.Engine),
        new("id", PictureSections.None, c => c.Id),
        new("shortId", PictureSections.None, c => c.ShortId),
        new("name", PictureSections.None, c => c.Name),
        new("aliases", PictureSections.None, c => c.Aliases),
        new("image", PictureSections.None, c => c.Image),
        new("imageId", PictureSections.None, c => c.ImageId),
        new("createdAt", PictureSections.None, c => c.CreatedAt),
        new("command", PictureSections.None, c => c.Command),
        new("state", PictureSections.None, c => c.State),
        new("status", PictureSections.None, c => c.Status),
        new("health", PictureSections.None, c => c.Health),
        new("networks", PictureSections.None, c => c.Networks),
        new("ports", PictureSections.None, c => c.Ports),
        new("labels", PictureSections.None, c => c.Labels),
        .. Section("processes", PictureSections.Processes, c => c.Processes),
        new("processes.items", PictureSections.Processes, c => c.Processes?.Items),
        .. Section("network", PictureSections.Network, c => c.Network),
        new("network.mode", PictureSections.Network, c => c.Network?.Mode),
        new("network.sharedWith", PictureSections.Network, c => c.Network?.SharedWith),
        new("network.rxBytes", PictureSections.Network, c => c.Network?.RxBytes),
        new("network.rxPackets", PictureSections.Network, c => c.Network?.RxPackets),
        new("network.rxErrors", PictureSections.Network, c => c.Network?.RxErrors),
        new("network.rxDropped", PictureSections.Network, c => c.Network?.RxDropped),
        new("network.txBytes", PictureSections.Network, c => c.Network?.TxBytes),
        new("network.txPackets", PictureSections.Network, c => c.Network?.TxPackets),
        new("network.txErrors", PictureSections.Network, c => c.Network?.TxErrors),
        new("network.txDropped", PictureSections.Network, c => c.Network?.TxDropped),
        new("network.rxBytesPerSecond", PictureSections.Network, c => c.Network?.RxBytesPerSecond),
        new("network.txBytesPerSecond", PictureSections.Network, c => c.Network?.TxBytesPerSecond),
        new("network.rateWindowMs", PictureSections.Network, c => c.Network?.RateWindowMs),
        new("network.interfaces", PictureSections.Network, c => c.Network?.Interfaces),
        .. Section("usage", PictureSections.Usage, c => c.Usage),
        new("usage.cpuPercent", PictureSections.Usage, c => c.Usage?.CpuPercent),
        new("usage.cpuTimeMs", PictureSections.Usage, c => c.Usage?.CpuTimeMs),
        new("usage.memoryBytes", PictureSections.Usage, c => c.Usage?.MemoryBytes),
        new("usage.memoryLimitBytes", PictureSections.Usage, c => c.Usage?.MemoryLimitBytes),
        new("usage.pids", PictureSections.Usage, c => c.Usage?.Pids),
        new("usage.blockReadBytes", PictureSections.Usage, c => c.Usage?.BlockReadBytes),
        new("usage.blockWriteBytes", PictureSections.Usage, c => c.Usage?.BlockWriteBytes),
    ];

    /// <summary>The sections as wholes: <c>fields</c> can name them, an order cannot.</summary>
    public static readonly IReadOnlyDictionary<string, PictureSections> Sections = new Dictionary<string, PictureSections>
    {
        ["processes"] = PictureSections.Processes,
        ["network"] = PictureSections.Network,
        ["usage"] = PictureSections.Usage,
    };

    /// <summary>What <c>fields</c> may name.</summary>
    public static readonly IReadOnlyList<string> Names = [.. All.Select(f => f.Name), .. Sections.Keys];

    private static readonly Dictionary<string, PictureField> ByName = All.ToDictionary(f => f.Name);

    public static PictureField? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>What must be read to know a field or a section.</summary>
    public static PictureSections SectionOf(string name) =>
        Sections.TryGetValue(name, out var section) ? section : Find(name)?.Section ?? PictureSections.None;

    private static IEnumerable<PictureField> Section(string name, PictureSections section, Func<ContainerPicture, PictureSection?> of) =>
    [
        new(name + ".state", section, c => of(c)?.State),
        new(name + ".reason", section, c => of(c)?.Reason),
        new(name + ".sampledAt", section, c => of(c)?.SampledAt),
        new(name + ".source", section, c => of(c)?.Source),
    ];
}
