using System.Buffers.Text;

namespace ContainerApi.Engine.Host;

/// <summary>Parses the counters in <c>/proc/PID/net/dev</c>, which are those of the process's network namespace. Pure.</summary>
internal static partial class NetworkDevices
{
    /// <summary>
    /// Returns the devices that the engine created, without loopback. The engine counts no others: the traffic of a tunnel or of
    /// a nested engine's bridge already passes the engine's devices. If there are more devices than networks they are
    /// distinguished by name: the engine's are <c>eth0</c>, <c>eth1</c>, …, unless a network names them.
    /// </summary>
    public static IReadOnlyDictionary<string, InterfaceCounters> Parse(ReadOnlySpan<byte> text, int networks)
    {
        var devices = new Dictionary<string, InterfaceCounters>(1);
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range].TrimStart((byte)' ');
            var colon = line.LastIndexOf((byte)':');
            if (colon > 0 && !line[..colon].SequenceEqual("lo"u8) && Counters(line[(colon + 1)..]) is { } counters)
            {
                devices[Name(line[..colon])] = counters;
            }
        }

        var others = devices.Count > networks ? devices.Keys.Where(n => !EngineName.IsMatch(n)).ToList() : [];
        if (others.Count < devices.Count)
        {
            others.ForEach(n => devices.Remove(n));
        }

        return devices;
    }

    /// <summary>Eight receive and eight transmit counters; the first four of each are bytes, packets, errors and dropped.</summary>
    private static InterfaceCounters? Counters(ReadOnlySpan<byte> text)
    {
        Span<long> values = stackalloc long[12];
        foreach (ref var value in values)
        {
            text = text.TrimStart((byte)' ');
            if (!Utf8Parser.TryParse(text, out ulong number, out var length))
            {
                return null;
            }

            value = long.CreateSaturating(number);
            text = text[length..];
        }

        return new InterfaceCounters(values[0], values[1], values[2], values[3], values[8], values[9], values[10], values[11]);
    }

    private static string Name(ReadOnlySpan<byte> name) => name.SequenceEqual("eth0"u8) ? "eth0" : Encoding.UTF8.GetString(name);

    [GeneratedRegex("^eth[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex EngineName { get; }
}
