using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace ContainerApi.Containers;

/// <summary>The parts of a container that are read container by container.</summary>
[Flags]
internal enum ContainerSections
{
    None = 0,
    Processes = 1,
    Network = 2,
    Usage = 4,
    All = Processes | Network | Usage,
}

/// <summary>A parsed container query: the filters, the sections, the order and the page.</summary>
internal sealed record ContainerRequest
{
    /// <summary>Names of engines; an empty list means all.</summary>
    public IReadOnlyList<string> Engines { get; init; } = [];
    public bool All { get; init; }
    public IReadOnlyList<string> States { get; init; } = [];

    /// <summary><c>none</c> selects containers without a health check.</summary>
    public IReadOnlyList<string> Healths { get; init; } = [];
    public string? Name { get; init; }
    public string? Image { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public string? Network { get; init; }
    public PortFilter? Port { get; init; }
    public ContainerSections Sections { get; init; } = ContainerSections.All;
    public ContainerSort Sort { get; init; } = ContainerSort.Default;
    public int? Limit { get; init; }
    public ContainerCursor? After { get; init; }

    /// <summary>
    /// The filters that the engine evaluates. <c>name</c> is a regular expression there, and a state implies containers that
    /// are not running.
    /// </summary>
    public ContainerFilter ToFilter()
    {
        var filters = new Dictionary<string, IReadOnlyList<string>>();
        void Add(string name, params IReadOnlyList<string> values)
        {
            if (values.Count > 0)
            {
                filters[name] = values;
            }
        }

        Add("status", States);
        Add("health", Healths);
        Add("label", Labels);
        Add("name", Name is null ? [] : [Name.Replace(".", "\\.", StringComparison.Ordinal)]);
        Add("ancestor", Image is null ? [] : [Image]);
        Add("network", Network is null ? [] : [Network]);
        return new ContainerFilter(All || States.Count > 0, filters);
    }

    /// <summary>
    /// The filters that the engine evaluates differently: it matches link aliases too, and has no filter on both kinds of
    /// port. Only the engine can evaluate health, image and network: its list contains neither the health of a paused
    /// container, nor an image's ancestors, nor a network's id.
    /// </summary>
    public bool Matches(ContainerFacts container) =>
        (States.Count == 0 || States.Contains(container.State))
        && (Name is null || (container.Name?.Contains(Name, StringComparison.Ordinal) ?? false))
        && LabelSelector.Matches(Labels, container.Labels)
        && (Port is null || container.Ports.Any(Port.Matches));

    /// <summary>Equal for requests that can share a collection. The lengths in it keep different requests apart.</summary>
    public string Key()
    {
        var key = new StringBuilder();
        key.Append(All ? 'a' : 'r').Append((int)Sections).Append(Sort).Append(';')
            .Append(CultureInfo.InvariantCulture, $"{Limit};{After?.Encode()};{Port}");
        Append(key, Engines);
        Append(key, States);
        Append(key, Healths);
        Append(key, Labels);
        Append(key, [Name ?? "", Image ?? "", Network ?? ""]);
        return key.ToString();
    }

    private static void Append(StringBuilder key, IReadOnlyList<string> values)
    {
        key.Append(';');
        foreach (var value in values)
        {
            key.Append(CultureInfo.InvariantCulture, $"{value.Length}:{value}");
        }
    }
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
