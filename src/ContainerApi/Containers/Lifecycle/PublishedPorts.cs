using System.Net;
using System.Net.Sockets;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using Microsoft.OpenApi;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>
/// A list of ports to publish: texts as in <c>docker run -p</c>, <c>[[hostIp:][hostPort]:]containerPort[/protocol]</c>, with single
/// ports or ranges, or objects.
/// </summary>
internal sealed partial record PublishedPorts(IReadOnlyList<PublishedPort> Ports) : IJsonParameterValue<PublishedPorts>
{
    /// <summary>All ports of one protocol.</summary>
    private const int MaxPorts = 65535;

    private static readonly IReadOnlyList<string> Protocols = ["tcp", "udp", "sctp"];

    public static OpenApiSchema Schema => new()
    {
        Type = JsonSchemaType.Array,
        Items = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Object },
    };

    public static (PublishedPorts? Value, string? Error) Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            return (null, "must be a list.");
        }

        var ports = new List<PublishedPort>();
        foreach (var item in json.EnumerateArray())
        {
            var (some, error) = item.ValueKind switch
            {
                JsonValueKind.String => Read(item.GetString()!),
                JsonValueKind.Object => ReadObject(item),
                _ => (null, "must have texts as in 8080:80/tcp, or objects."),
            };
            if (some is null)
            {
                return (null, error);
            }

            ports.AddRange(some);
            if (ports.Count > MaxPorts)
            {
                return (null, $"must not publish more than {MaxPorts} ports.");
            }
        }

        return (new PublishedPorts([.. ports.Distinct()]), null);
    }

    private static (IReadOnlyList<PublishedPort>? Ports, string? Error) ReadObject(JsonElement item)
    {
        try
        {
            if (item.Deserialize<PortObject>(WireJson.Options) is { ContainerPort: >= 1 and <= 65535, HostPort: null or (>= 1 and <= 65535) } port
                && (port.Protocol is null || Protocols.Contains(port.Protocol)) && (port.HostIp is null || IsAddress(port.HostIp)))
            {
                return ([new PublishedPort(port.ContainerPort, port.Protocol ?? "tcp", port.HostIp, port.HostPort)], null);
            }
        }
        catch (JsonException)
        {
            // A field is unknown or has another type.
        }

        return (null, "must have objects with containerPort and optionally hostPort (1 to 65535), "
            + $"protocol ({string.Join(", ", Protocols)}) and hostIp (an IP address), and nothing else.");
    }

    private sealed record PortObject(int ContainerPort, string? Protocol, string? HostIp, int? HostPort);

    /// <summary>Reads a text: a range is one entry per port. Exactly one of the two results is null.</summary>
    internal static (IReadOnlyList<PublishedPort>? Ports, string? Error) Read(string text)
    {
        if (Form.Match(text) is not { Success: true } match)
        {
            return (null, $"has '{Shown(text)}', which is not a port: [[hostIp:][hostPort]:]containerPort[/protocol], an IPv6 address in brackets.");
        }

        var address = match.Groups["ip"].Success ? match.Groups["ip"].Value.Trim('[', ']') : null;
        if (address is not null && !IsAddress(address))
        {
            return (null, $"has '{Shown(text)}', whose host address is not an IP address.");
        }

        var hostPorts = match.Groups["host"].Value;
        var host = RangeOf(hostPorts);
        if (RangeOf(match.Groups["container"].Value) is not var (first, count) || (host is null && hostPorts.Length > 0))
        {
            return (null, $"has '{Shown(text)}', with a port outside 1 to 65535 or a range that runs backwards.");
        }

        if (host is { } h && h.Count != count)
        {
            return (null, $"has '{Shown(text)}', whose two ranges are not of the same length.");
        }

        var protocol = match.Groups["protocol"] is { Success: true } p ? p.Value : "tcp";
        return ([.. Enumerable.Range(0, count).Select(n => new PublishedPort(first + n, protocol, address, host?.First + n))], null);
    }

    /// <summary>An IPv4 address with all four parts, or an IPv6 address without a zone.</summary>
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6
            ? !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal)
            : address.ToString() == text);

    private static (int First, int Count)? RangeOf(string text)
    {
        var ports = text.Split('-');
        return int.TryParse(ports[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && int.TryParse(ports[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && first is >= 1 && last is <= 65535 && first <= last
            ? (first, last - first + 1)
            : null;
    }

    private static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "…";

    [GeneratedRegex(
        @"^(?:(?:(?<ip>\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(?<host>(?:[0-9]{1,5}(?:-[0-9]{1,5})?)?):)?"
        + @"(?<container>[0-9]{1,5}(?:-[0-9]{1,5})?)(?:/(?<protocol>tcp|udp|sctp))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }
}
