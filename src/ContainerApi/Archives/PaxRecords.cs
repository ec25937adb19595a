namespace ContainerApi.Archives;

/// <summary>The records of a pax header about the next entry; null if absent. Pure.</summary>
/// <param name="Size">Stored bytes.</param>
/// <param name="RealSize">Bytes of a sparse file, including its holes.</param>
/// <param name="ModifiedAt">Nanoseconds since 1970.</param>
internal readonly record struct PaxRecords(string? Name, string? Link, long? Size, long? RealSize, long? ModifiedAt)
{
    public const long NanosecondsPerSecond = 1_000_000_000;

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

            var key = Encoding.UTF8.GetString(record[..equals]);
            var value = record[(equals + 1)..];
            var number = 0L;
            if (key is "size" or "GNU.sparse.realsize" or "GNU.sparse.size"
                && !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number))
            {
                return false;
            }

            switch (key)
            {
                case "path":
                    parsed = parsed with { Name = Encoding.UTF8.GetString(value) };
                    break;
                case "linkpath":
                    parsed = parsed with { Link = Encoding.UTF8.GetString(value) };
                    break;
                case "GNU.sparse.name":
                    sparseName = Encoding.UTF8.GetString(value);
                    break;
                case "mtime":
                    parsed = parsed with { ModifiedAt = ParseTime(value) };
                    break;
                case "size":
                    parsed = parsed with { Size = number };
                    break;
                case "GNU.sparse.realsize" or "GNU.sparse.size":
                    parsed = parsed with { RealSize = number };
                    break;
            }
        }

        parsed = parsed with { Name = sparseName ?? parsed.Name };
        return true;
    }

    /// <summary>Parses seconds with decimals; null if they are invalid or far from now.</summary>
    private static long? ParseTime(ReadOnlySpan<byte> value) =>
        decimal.TryParse(value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
        && Math.Abs(seconds) < long.MaxValue / NanosecondsPerSecond
            ? (long)(seconds * NanosecondsPerSecond)
            : null;
}
