using System.Globalization;
using ContainerApi.Api;

namespace ContainerApi.Containers.Formatting;

/// <summary>Pure: a picture as a table that reads like <c>docker ps</c>. The one place where numbers become text for people.</summary>
internal static class ContainerTable
{
    /// <summary>As Docker's command line cuts it.</summary>
    private const int MaxCommandBytes = 20;

    public static string Write(ContainerList list, DateTimeOffset now)
    {
        // A column that nobody asked for, or that tells nothing, is left out.
        var columns = Columns(now)
            .Where(c => c.RequireScope(list))
            .ToList();
        var table = Table.Write(
            [.. columns.Select(c => c.Heading)],
            [.. list.Items.Select(item => (IReadOnlyList<string?>)[.. columns.Select(c => c.Cell(item))])]);
        return table + string.Concat(list.Engines.Where(e => e.Error is not null)
            .Select(e => $"! engine {e.Name} is missing: {Table.Visible(e.Error!)}\n"));
    }

    private sealed record Column(string Heading, Func<ContainerList, bool> RequireScope, Func<Container, string?> Cell);

    private static IEnumerable<Column> Columns(DateTimeOffset now)
    {
        static bool Always(ContainerList list) => true;
        static bool HasUsage(ContainerList list) => list.Items.Any(i => i.Usage is not null);
        return
        [
            new("ENGINE", list => list.Engines.Count > 1, c => c.Engine),
            new("CONTAINER ID", Always, c => c.ShortId),
            new("IMAGE", Always, c => Image(c.Image)),
            new("COMMAND", Always, c => Command(c.Command)),
            new("CREATED", Always, c => Ago(now - c.CreatedAt) + " ago"),
            new("STATUS", Always, c => c.Status),
            new("IP", Always, c => Addresses(c.Networks)),
            new("PORTS", Always, c => Ports(c.Ports)),
            new("CPU %", HasUsage, c => c.Usage?.CpuPercent is { } cpu ? string.Create(CultureInfo.InvariantCulture, $"{cpu:0.00}%") : null),
            new("MEM", HasUsage, c => c.Usage?.MemoryBytes is { } memory ? BinarySize(memory) : null),
            new("NET I/O", list => list.Items.Any(i => i.Network is not null), c => Traffic(c.Network)),
            new("PIDS", HasUsage, c => c.Usage?.Pids?.ToString(CultureInfo.InvariantCulture)),
            new("NAMES", Always, c => c.Name is null ? null : string.Join(',', [c.Name, .. c.Aliases])),
        ];
    }

    private static string Image(string image) =>
        image.StartsWith("sha256:", StringComparison.Ordinal) && image.Length > 19 ? image[7..19] : image;

    private static string Command(string command) => $"\"{TextWidth.Cut(Table.Visible(command), MaxCommandBytes)}\"";

    private static string? Addresses(IReadOnlyList<NetworkAddress> networks)
    {
        var addresses = networks.Select(n => n.Ipv4 ?? n.Ipv6).Where(a => a is not null).ToList();
        return addresses.Count == 0 ? null : string.Join(',', addresses);
    }

    /// <summary><c>0.0.0.0:8000-8003->80-83/tcp, 443/tcp</c>: neighbours on both sides are one range.</summary>
    public static string Ports(IReadOnlyList<PortMapping> ports)
    {
        var ranges = new List<(PortMapping First, PortMapping Last)>();
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

        return string.Join(", ", ranges.Select(r => Published(r.First, r.Last) + Range(r.First.ContainerPort, r.Last.ContainerPort) + "/" + r.First.Protocol));
    }

    private static bool Follows(PortMapping last, PortMapping next) =>
        last.HostIp == next.HostIp && last.Protocol == next.Protocol && next.ContainerPort == last.ContainerPort + 1
        && (last.HostPort is null ? next.HostPort is null : next.HostPort == last.HostPort + 1);

    private static string Published(PortMapping first, PortMapping last)
    {
        if (first.HostPort is null)
        {
            return "";
        }

        var address = first.HostIp ?? "0.0.0.0";
        return (address.Contains(':') ? $"[{address}]" : address) + ":" + Range(first.HostPort.Value, last.HostPort!.Value) + "->";
    }

    private static string Range(int first, int last) =>
        first == last ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");

    private static string? Traffic(NetworkSection? network) =>
        network is { RxBytes: { } received, TxBytes: { } sent } ? $"{DecimalSize(received)} / {DecimalSize(sent)}" : null;

    /// <summary>The span in the words of Docker's command line.</summary>
    public static string Ago(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "Less than a second",
        { TotalSeconds: < 2 } => "1 second",
        { TotalMinutes: < 1 } => Count(span.TotalSeconds, "seconds"),
        { TotalMinutes: < 2 } => "About a minute",
        { TotalHours: < 1 } => Count(span.TotalMinutes, "minutes"),
        { TotalHours: < 2 } => "About an hour",
        { TotalDays: < 2 } => Count(span.TotalHours, "hours"),
        { TotalDays: < 14 } => Count(span.TotalDays, "days"),
        { TotalDays: < 60 } => Count(span.TotalDays / 7, "weeks"),
        { TotalDays: < 730 } => Count(span.TotalDays / 30, "months"),
        _ => Count(span.TotalDays / 365, "years"),
    };

    private static string Count(double number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{(long)number} {unit}");

    /// <summary>Memory as <c>docker stats</c> writes it: powers of 1024, four digits.</summary>
    public static string BinarySize(long bytes) => Size(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], digits: 4);

    /// <summary>Traffic as <c>docker stats</c> writes it: powers of 1000, three digits.</summary>
    public static string DecimalSize(long bytes) => Size(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"], digits: 3);

    private static string Size(double value, int step, string[] units, int digits)
    {
        var unit = 0;
        for (; value >= step && unit < units.Length - 1; unit++)
        {
            value /= step;
        }

        var whole = Math.Max(1, (int)Math.Floor(Math.Log10(Math.Max(value, 1))) + 1);
        return Math.Round(value, Math.Max(0, digits - whole)).ToString("0.###", CultureInfo.InvariantCulture) + units[unit];
    }
}
