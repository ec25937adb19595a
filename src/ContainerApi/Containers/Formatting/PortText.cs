using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace ContainerApi.Containers.Formatting;

/// <summary>Parses <c>docker run -p</c> ports: <c>[[hostIp:][hostPort]:]containerPort[/protocol]</c>, with single ports or ranges.</summary>
internal static partial class PortText
{
    public static readonly IReadOnlyList<string> Protocols = ["tcp", "udp", "sctp"];

    /// <summary>A range is one entry per port. Exactly one of the two results is null; the error completes a sentence.</summary>
    public static (IReadOnlyList<PublishedPort>? Ports, string? Error) Read(string text)
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

        var container = RangeOf(match.Groups["container"].Value);
        var host = match.Groups["host"] is { Success: true, Length: > 0 } group ? RangeOf(group.Value) : null;
        if (container is null || (host is null && match.Groups["host"] is { Success: true, Length: > 0 }))
        {
            return (null, $"has '{Shown(text)}', with a port outside 1 to 65535 or a range that runs backwards.");
        }

        if (host is { } h && h.Count != container.Value.Count)
        {
            return (null, $"has '{Shown(text)}', whose two ranges are not of the same length.");
        }

        var protocol = match.Groups["protocol"] is { Success: true } p ? p.Value : "tcp";
        return ([.. Enumerable.Range(0, container.Value.Count).Select(n => new PublishedPort(container.Value.First + n, protocol, address, host?.First + n))], null);
    }

    /// <summary>An IPv4 address with all four parts, or an IPv6 address without a zone.</summary>
    public static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6
            ? !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal)
            : address.ToString() == text);

    private static (int First, int Count)? RangeOf(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var first = Number(dash < 0 ? text : text[..dash]);
        var last = dash < 0 ? first : Number(text[(dash + 1)..]);
        return first >= 1 && last <= 65535 && first <= last ? (first, last - first + 1) : null;
    }

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    private static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "…";

    [GeneratedRegex(
        @"^(?:(?:(?<ip>\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(?<host>(?:[0-9]{1,5}(?:-[0-9]{1,5})?)?):)?(?<container>[0-9]{1,5}(?:-[0-9]{1,5})?)(?:/(?<protocol>tcp|udp|sctp))?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }
}
