using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>The value of <c>include</c>.</summary>
internal sealed record IncludedSections(ContainerSections Sections) : IParameterValue<IncludedSections>
{
    private const string Nothing = "none";

    public static string Expected { get; } =
        $"must be one or more of {string.Join(", ", ContainerColumns.Sections.Keys)}, separated by commas, or none.";

    public static bool TryParse(string text, [NotNullWhen(true)] out IncludedSections? value)
    {
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        value = names is [Nothing] ? new IncludedSections(ContainerSections.None)
            : names.All(ContainerColumns.Sections.ContainsKey) ? new IncludedSections(ContainerColumns.SectionsOf(names))
            : null;
        return value is not null;
    }

    /// <summary>The sections to read: the included ones, and of them only those that a field needs.</summary>
    public static ContainerSections Needed(IncludedSections? include, ContainerFields? fields) =>
        (include?.Sections ?? ContainerSections.All) & (fields?.Sections ?? ContainerSections.All);
}

/// <summary>The value of <c>fields</c>.</summary>
internal sealed record ContainerFields(IReadOnlyList<string> Names) : IParameterValue<ContainerFields>
{
    public const string NotIncluded = "names fields of a section that include leaves out.";

    public static string Expected { get; } = $"must be one or more of {string.Join(", ", ContainerColumns.Names)}, separated by commas.";

    public ContainerSections Sections { get; } = ContainerColumns.SectionsOf(Names);

    public static bool TryParse(string text, [NotNullWhen(true)] out ContainerFields? value)
    {
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        value = names.All(ContainerColumns.Names.Contains) ? new ContainerFields(names) : null;
        return value is not null;
    }

    public bool AreIn(IncludedSections? include) => include is null || (Sections & ~include.Sections) == 0;

    public override string ToString() => string.Join(',', Names);
}

/// <summary>A port number in the container or on the host, with an optional protocol.</summary>
internal sealed record PortFilter(int Number, string? Protocol) : IParameterValue<PortFilter>
{
    private static readonly IReadOnlyList<string> Protocols = ["tcp", "udp", "sctp"];

    public static string Expected => "must be a port from 1 to 65535, with /tcp, /udp or /sctp behind it for one protocol.";

    public static bool TryParse(string text, [NotNullWhen(true)] out PortFilter? port)
    {
        var slash = text.IndexOf('/');
        var number = slash < 0 ? text : text[..slash];
        var protocol = slash < 0 ? null : text[(slash + 1)..];
        port = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= 65535
            && (protocol is null || Protocols.Contains(protocol))
            ? new PortFilter(n, protocol)
            : null;
        return port is not null;
    }

    public bool Matches(PortFacts port) =>
        (port.ContainerPort == Number || port.HostPort == Number) && (Protocol is null || port.Protocol == Protocol);
}
