using ContainerApi.Api.Lists;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>The value of <c>include</c>.</summary>
internal sealed record IncludedSections(ContainerSections Sections) : IParameterValue<IncludedSections>
{
    /// <summary>The text of the parameter of lists.</summary>
    public const string Description =
        "Sections to read: `processes`, `network`, `usage`, `details`, `size`, separated by commas, or `none`. Default: the first three. "
        + "`details` costs the engine an inspect of each container, `size` a walk over its changed files.";

    private const string Nothing = "none";

    public static string Expected { get; } =
        $"must be one or more of {string.Join(", ", ContainerColumns.Sections.Keys)}, separated by commas, or none.";

    public static bool TryParse(string text, [NotNullWhen(true)] out IncludedSections? value)
    {
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        value = names is [var only] && only.Equals(Nothing, StringComparison.OrdinalIgnoreCase) ? new IncludedSections(ContainerSections.None)
            : names.All(ContainerColumns.Sections.ContainsKey) ? new IncludedSections(ContainerColumns.SectionsOf(names))
            : null;
        return value is not null;
    }

    /// <summary>The sections to read: the included ones, and of them only those that a field needs.</summary>
    /// <param name="usual">The sections of a request that names neither.</param>
    public static ContainerSections Needed(
        IncludedSections? include, ListFields<ContainerRow>? fields, ContainerSections usual = ContainerSections.Default) =>
        include is null ? fields?.Sections() ?? usual : include.Sections & (fields?.Sections() ?? ContainerSections.All);
}

internal static class ContainerFields
{
    public const string NotIncluded = "names fields of a section that include leaves out.";

    public static ContainerSections Sections(this ListFields<ContainerRow> fields) => ContainerColumns.SectionsOf(fields.Names);

    public static bool AreIn(this ListFields<ContainerRow> fields, IncludedSections? include) =>
        include is null || (fields.Sections() & ~include.Sections) == 0;
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
        var protocol = slash < 0 ? null : text[(slash + 1)..].ToLowerInvariant();
        port = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= 65535
            && (protocol is null || Protocols.Contains(protocol))
            ? new PortFilter(n, protocol)
            : null;
        return port is not null;
    }

    public bool Matches(PortFacts port) =>
        (port.ContainerPort == Number || port.HostPort == Number) && (Protocol is null || port.Protocol == Protocol);
}
