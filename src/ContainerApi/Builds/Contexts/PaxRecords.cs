using System.Globalization;
using System.Text;

namespace ContainerApi.Builds.Contexts;

/// <summary>The records of a pax header about the next entry; null if absent. Pure.</summary>
/// <param name="Size">Stored bytes.</param>
/// <param name="RealSize">Bytes of a sparse file, including its holes.</param>
internal readonly record struct PaxRecords(string? Name, string? Link, long? Size, long? RealSize)
{
    /// <summary>Parses records "LENGTH key=value\n"; the length counts the whole record.</summary>
    public static bool TryParse(ReadOnlySpan<byte> records, out PaxRecords parsed)
    {
        parsed = default;
        string? sparseName = null;
        while (records.Length > 0)
        {
            var blank = records.IndexOf((byte)' ');
            if (blank <= 0
                || !int.TryParse(records[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= blank + 1 || length > records.Length || records[length - 1] != '\n')
            {
                return false;
            }

            var record = records[(blank + 1)..(length - 1)];
            records = records[length..];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0)
            {
                return false;
            }

            var key = record[..equals];
            var value = record[(equals + 1)..];
            if (key.SequenceEqual("path"u8))
            {
                parsed = parsed with { Name = Encoding.UTF8.GetString(value) };
            }
            else if (key.SequenceEqual("linkpath"u8))
            {
                parsed = parsed with { Link = Encoding.UTF8.GetString(value) };
            }
            else if (key.SequenceEqual("GNU.sparse.name"u8))
            {
                sparseName = Encoding.UTF8.GetString(value);
            }
            else if (key.SequenceEqual("size"u8))
            {
                if (!TryNumber(value, out var size))
                {
                    return false;
                }

                parsed = parsed with { Size = size };
            }
            else if (key.SequenceEqual("GNU.sparse.realsize"u8) || key.SequenceEqual("GNU.sparse.size"u8))
            {
                if (!TryNumber(value, out var real))
                {
                    return false;
                }

                parsed = parsed with { RealSize = real };
            }
        }

        parsed = parsed with { Name = sparseName ?? parsed.Name };
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
