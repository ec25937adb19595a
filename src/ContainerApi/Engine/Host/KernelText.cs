using System.Buffers.Text;

namespace ContainerApi.Engine.Host;

/// <summary>Parses the text of <c>/proc</c> and cgroup files. Unexpected text has no value. Pure.</summary>
internal static class KernelText
{
    private const int IdLength = 64;

    /// <summary>
    /// Returns the container of a cgroup path: the last run of exactly 64 hexadecimal digits that is one of
    /// <paramref name="wanted"/>. This matches <c>/docker/ID</c>, <c>/system.slice/docker-ID.scope</c>, an engine inside a
    /// container (<c>/docker/OUTER/docker/ID</c>) and paths as a namespace of cgroups shows them (<c>/../../docker/ID</c>).
    /// </summary>
    public static string? ContainerId(ReadOnlySpan<char> path, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> wanted)
    {
        for (var end = path.Length; end >= IdLength;)
        {
            var start = end;
            while (start > 0 && IsIdDigit(path[start - 1]))
            {
                start--;
            }

            if (end - start == IdLength && wanted.TryGetValue(path[start..end], out var id))
            {
                return id;
            }

            end = start - 1;
        }

        return null;
    }

    /// <summary>
    /// Returns the container in <c>/proc/PID/cgroup</c>. Its lines are <c>HIERARCHY:CONTROLLERS:PATH</c>, one on cgroup
    /// v2, one per hierarchy on v1; a process may have been moved in some of them, so any line will do.
    /// </summary>
    public static string? ContainerOf(ReadOnlySpan<byte> cgroupFile, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> wanted)
    {
        Span<char> path = stackalloc char[1024];
        foreach (var line in cgroupFile.Split((byte)'\n'))
        {
            // Of a longer path the end is kept, which has the id.
            var text = cgroupFile[line];
            text = text.Length > path.Length ? text[^path.Length..] : text;
            var length = Encoding.Latin1.GetChars(text, path);
            if (ContainerId(path[..length], wanted) is { } id)
            {
                return id;
            }
        }

        return null;
    }

    /// <summary>Parses one number per line.</summary>
    public static void AddNumbers(ReadOnlySpan<byte> text, List<int> numbers)
    {
        while (Utf8Parser.TryParse(text, out int number, out var length))
        {
            numbers.Add(number);
            text = length < text.Length ? text[(length + 1)..] : default;
        }
    }

    /// <summary>Parses a file with one number. <c>max</c> and overflow become the maximum value.</summary>
    public static long? Number(ReadOnlySpan<byte> text) =>
        text.StartsWith("max"u8) ? long.MaxValue : Utf8Parser.TryParse(text, out ulong number, out _) ? long.CreateSaturating(number) : null;

    /// <summary>Returns the number in the line that begins with this name: <c>name 42</c>, <c>name: 42 kB</c>.</summary>
    public static long? Number(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        for (var at = text.IndexOf(name); at >= 0; at = text.IndexOf(name))
        {
            var value = text[(at + name.Length)..];
            if ((at == 0 || text[at - 1] == '\n') && value is [(byte)' ' or (byte)'\t' or (byte)':', ..])
            {
                return Number(value.TrimStart(": \t"u8));
            }

            text = value;
        }

        return null;
    }

    /// <summary>Returns the effective user id, the second of four in <c>/proc/PID/status</c>, which <c>ps</c> shows.</summary>
    public static uint? EffectiveUser(ReadOnlySpan<byte> status)
    {
        var at = status.IndexOf("\nUid:\t"u8);
        var ids = at < 0 ? default : status[(at + "\nUid:\t".Length)..];
        var tab = ids.IndexOf((byte)'\t');
        return tab >= 0 && Utf8Parser.TryParse(ids[(tab + 1)..], out uint id, out _) ? id : null;
    }

    /// <summary>Bytes read and written by <c>blkio.throttle.io_service_bytes</c>: <c>8:0 Read 4096</c> per device and operation.</summary>
    public static (long Read, long Write) BlockBytesV1(ReadOnlySpan<byte> text)
    {
        var (read, write) = (0L, 0L);
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            var operation = line.IndexOf((byte)' ') is >= 0 and var at ? line[(at + 1)..] : default;
            read += operation.StartsWith("Read "u8) ? Number(operation["Read ".Length..]) ?? 0 : 0;
            write += operation.StartsWith("Write "u8) ? Number(operation["Write ".Length..]) ?? 0 : 0;
        }

        return (read, write);
    }

    /// <summary>Bytes read and written by <c>io.stat</c>: <c>8:0 rbytes=4096 wbytes=0 …</c> per device.</summary>
    public static (long Read, long Write) BlockBytesV2(ReadOnlySpan<byte> text) => (Sum(text, " rbytes="u8), Sum(text, " wbytes="u8));

    /// <summary>User names by id from <c>passwd</c>. The first of two entries with the same id counts, as in the C library.</summary>
    public static Dictionary<uint, string> Users(string passwd)
    {
        var users = new Dictionary<uint, string>();
        foreach (var line in passwd.Split('\n'))
        {
            if (line.Split(':') is [{ Length: > 0 } name, _, var id, ..] && uint.TryParse(id, out var user))
            {
                users.TryAdd(user, name);
            }
        }

        return users;
    }

    /// <summary>Returns device and directory of the last root mount in <c>mountinfo</c>: <c>ID PARENT DEVICE DIRECTORY / …</c>.</summary>
    public static string? RootDevice(string mountinfo) =>
        mountinfo.Split('\n').Select(l => l.Split(' ')).LastOrDefault(f => f.Length > 4 && f[4] == "/") is { } root ? $"{root[2]} {root[3]}" : null;

    /// <summary>
    /// Formats a command line: arguments separated by spaces, invalid UTF-8 replaced. A process without one, such as a kernel
    /// thread, is shown by its name in brackets.
    /// </summary>
    public static string Command(Span<byte> arguments, ReadOnlySpan<byte> name)
    {
        var text = arguments[..(arguments.LastIndexOfAnyExcept((byte)0) + 1)];
        text.Replace((byte)0, (byte)' ');
        return text.IsEmpty ? $"[{Encoding.UTF8.GetString(name)}]" : Encoding.UTF8.GetString(text);
    }

    private static long Sum(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        var sum = 0L;
        for (var at = text.IndexOf(key); at >= 0; at = text.IndexOf(key))
        {
            text = text[(at + key.Length)..];
            sum += Number(text) ?? 0;
        }

        return sum;
    }

    private static bool IsIdDigit(char c) => c is (>= '0' and <= '9') or (>= 'a' and <= 'f');
}
