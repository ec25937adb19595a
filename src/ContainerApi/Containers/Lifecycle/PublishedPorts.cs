using System.Net;
using System.Net.Sockets;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using Microsoft.OpenApi;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>
/// One port or one range of ports to publish: a text as in <c>docker run -p</c>, <c>[[hostIp:][hostPort]:]containerPort[/protocol]</c>, a
/// port number, or an object. A host range for one container port leaves the choice in it to the engine.
/// </summary>
/// <param name="First">The first port in the container.</param>
/// <param name="FirstHost">The first host port; null: the engine chooses.</param>
internal sealed partial record PublishedPorts(int First, int Count, string Protocol, string? HostIp, int? FirstHost, int? LastHost)
    : IJsonParameterValue<PublishedPorts>
{
    /// <summary>All ports of one protocol.</summary>
    public const int MaxPorts = 65535;

    private static readonly IReadOnlyList<string> Protocols = ["tcp", "udp", "sctp"];

    public static OpenApiSchema Schema => new() { Type = JsonSchemaType.String | JsonSchemaType.Integer | JsonSchemaType.Object };

    public IEnumerable<PublishedPort> Ports => Enumerable.Range(0, Count).Select(n => new PublishedPort(
        First + n, Protocol, HostIp, FirstHost + n, Count == 1 && LastHost > FirstHost ? LastHost : null));

    public static (PublishedPorts? Value, string? Error) Read(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => Read(json.GetString()!),
        JsonValueKind.Number => Read(json.GetRawText()),
        JsonValueKind.Object => ReadObject(json),
        _ => (null, "must be a port number, a string as in 8080:80/tcp, or an object."),
    };

    private static (PublishedPorts? Value, string? Error) ReadObject(JsonElement item)
    {
        try
        {
            if (item.Deserialize<PortObject>(WireJson.Options) is { ContainerPort: >= 1 and <= MaxPorts } port
                && port.HostPort is null or (>= 0 and <= MaxPorts)
                && ProtocolOf(port.Protocol) is { } protocol && (port.HostIp is null || IsAddress(port.HostIp)))
            {
                var host = port.HostPort is 0 ? null : port.HostPort;
                return (new PublishedPorts(port.ContainerPort, 1, protocol, port.HostIp, host, host), null);
            }
        }
        catch (JsonException)
        {
            // A field is unknown, is given twice or has another type.
        }

        return (null, "must have containerPort (1 to 65535) and optionally hostPort (0 to 65535), "
            + $"protocol ({string.Join(", ", Protocols)}) and hostIp (an IP address), each once, and nothing else.");
    }

    private sealed record PortObject(int ContainerPort, string? Protocol, string? HostIp, int? HostPort);

    /// <summary>Reads a text. Exactly one of the two results is null.</summary>
    internal static (PublishedPorts? Value, string? Error) Read(string text)
    {
        if (Form.Match(text) is not { Success: true } match || ProtocolOf(match.Groups["protocol"].Value) is not { } protocol)
        {
            return (null, $"is '{Shown(text)}', which is not a port: [[hostIp:][hostPort]:]containerPort[/protocol], an IPv6 address in brackets.");
        }

        var address = match.Groups["ip"].Success ? match.Groups["ip"].Value.Trim('[', ']') : null;
        if (address is not null && !IsAddress(address))
        {
            return (null, $"is '{Shown(text)}', whose host address is not an IP address.");
        }

        // Host port 0 is any free port, as in the engine.
        var hostPorts = match.Groups["host"].Value.Trim('0') is "" ? "" : match.Groups["host"].Value;
        var host = RangeOf(hostPorts);
        if (RangeOf(match.Groups["container"].Value) is not var (first, last) || (host is null && hostPorts.Length > 0))
        {
            return (null, $"is '{Shown(text)}', with a port outside 1 to 65535 or a range that runs backwards.");
        }

        return host is var (firstHost, lastHost) && first != last && lastHost - firstHost != last - first
            ? (null, $"is '{Shown(text)}', whose two ranges are not of the same length.")
            : (new PublishedPorts(first, last - first + 1, protocol, address, host?.First, host?.Last), null);
    }

    /// <summary>Returns null for an unknown protocol.</summary>
    private static string? ProtocolOf(string? text) =>
        string.IsNullOrEmpty(text) ? Protocols[0] : Protocols.FirstOrDefault(p => p.Equals(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>An IPv4 address with all four parts, or an IPv6 address without a zone.</summary>
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6
            ? !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal)
            : address.ToString() == text);

    private static (int First, int Last)? RangeOf(string text)
    {
        var ports = text.Split('-');
        return int.TryParse(ports[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && int.TryParse(ports[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && first is >= 1 && last is <= MaxPorts && first <= last
            ? (first, last)
            : null;
    }

    private static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "…";

    [GeneratedRegex(
        @"^(?:(?:(?<ip>\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(?<host>(?:[0-9]{1,5}(?:-[0-9]{1,5})?)?):)?"
        + @"(?<container>[0-9]{1,5}(?:-[0-9]{1,5})?)(?:/(?<protocol>[a-zA-Z]+))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }
}
