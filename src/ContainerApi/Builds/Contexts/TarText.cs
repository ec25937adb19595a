using System.Text;

namespace ContainerApi.Builds.Contexts;

/// <summary>Texts in a tar archive. Pure.</summary>
internal static class TarText
{
    /// <summary>UTF-8 up to the first NUL.</summary>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    /// <summary>The name in an entry's own header: Ustar has a field for what stands before it, GNU keeps other things there.</summary>
    public static string NameOf(ReadOnlySpan<byte> header)
    {
        var name = Of(header[..100]);
        var prefix = header[257..].StartsWith("ustar\0"u8) ? Of(header.Slice(345, 155)) : "";
        return prefix.Length == 0 ? name : prefix + "/" + name;
    }

    /// <summary>A name as it may stand in a message: one line, and not longer than a path can be.</summary>
    public static string Printable(string name)
    {
        var text = name.Length <= ArchiveRules.LongestName ? name : name[..ArchiveRules.LongestName] + "…";
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
    }
}
