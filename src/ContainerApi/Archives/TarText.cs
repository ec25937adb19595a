namespace ContainerApi.Archives;

/// <summary>Reads and prints texts of a tar archive. Pure.</summary>
internal static class TarText
{
    /// <summary>Linux's PATH_MAX, in characters.</summary>
    public const int MaxNameLength = 4096;

    /// <summary>UTF-8 up to the first NUL.</summary>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    /// <summary>Reads the name from an entry's header. Ustar has a prefix field, which GNU uses for other data.</summary>
    public static string NameOf(ReadOnlySpan<byte> header)
    {
        var name = Of(header[..100]);
        var prefix = header[257..].StartsWith("ustar\0"u8) ? Of(header.Slice(345, 155)) : "";
        return prefix.Length == 0 ? name : prefix + "/" + name;
    }

    /// <summary>Makes a name printable for a message: one line, at most as long as a path.</summary>
    public static string Printable(string name)
    {
        var text = name.Length <= MaxNameLength ? name : name[..MaxNameLength] + "…";
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
    }
}
