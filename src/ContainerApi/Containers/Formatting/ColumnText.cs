using ContainerApi.Api;
using ContainerApi.Api.Lists;

namespace ContainerApi.Containers.Formatting;

/// <summary>Pure: values as text for people, as Docker's command line writes them.</summary>
internal static class ColumnText
{
    /// <summary>As Docker's command line truncates it.</summary>
    private const int MaxCommand = 20;

    public static string? Names(ContainerFacts container) => container.Name is null ? null : string.Join(',', [container.Name, .. container.Aliases]);

    public static string Image(string image) => image.StartsWith("sha256:", StringComparison.Ordinal) && image.Length > 19 ? image[7..19] : image;

    public static string Command(string command) => $"\"{TextWidth.Cut(VisibleText.Escape(command), MaxCommand)}\"";

    public static string? Addresses(IReadOnlyList<NetworkFacts> networks)
    {
        var addresses = networks.Select(n => n.Ipv4 ?? n.Ipv6).Where(a => a is not null).ToList();
        return addresses.Count == 0 ? null : string.Join(',', addresses);
    }

    /// <summary><c>0.0.0.0:8000-8003->80-83/tcp, 443/tcp</c>: consecutive ports are one range.</summary>
    public static string Ports(IReadOnlyList<PortFacts> ports)
    {
        var ranges = new List<(PortFacts First, PortFacts Last)>();
        foreach (var port in ports.OrderBy(p => p.HostIp is null).ThenBy(p => p.HostIp, StringComparer.Ordinal)
            .ThenBy(p => p.Protocol, StringComparer.Ordinal).ThenBy(p => p.ContainerPort).ThenBy(p => p.HostPort))
        {
            if (ranges.Count > 0 && Follows(ranges[^1].Last, port))
            {
                ranges[^1] = (ranges[^1].First, port);
            }
            else
            {
                ranges.Add((port, port));
            }
        }

        return string.Join(", ", ranges.Select(r =>
            Published(r.First, r.Last) + Range(r.First.ContainerPort, r.Last.ContainerPort) + "/" + r.First.Protocol));
    }

    private static bool Follows(PortFacts last, PortFacts next) =>
        last.HostIp == next.HostIp && last.Protocol == next.Protocol && next.ContainerPort == last.ContainerPort + 1
        && (last.HostPort is null ? next.HostPort is null : next.HostPort == last.HostPort + 1);

    private static string Published(PortFacts first, PortFacts last)
    {
        if (first.HostPort is null)
        {
            return "";
        }

        var address = first.HostIp ?? "0.0.0.0";
        return (address.Contains(':') ? $"[{address}]" : address) + ":" + Range(first.HostPort.Value, last.HostPort!.Value) + "->";
    }

    /// <summary>As <c>docker ps --size</c> writes it.</summary>
    public static string? Size(SizeSection? size) => size is { WritableBytes: { } written, RootFsBytes: { } all }
        ? $"{HumanText.DecimalSize(written)} (virtual {HumanText.DecimalSize(all)})"
        : null;

    private static string Range(int first, int last) =>
        first == last ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");
}
