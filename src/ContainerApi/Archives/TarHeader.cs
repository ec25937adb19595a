namespace ContainerApi.Archives;

/// <summary>Creates the header blocks of a tar archive: Ustar, preceded by a pax header only if Ustar cannot hold the name or size. Pure.</summary>
internal static class TarHeader
{
    public const int BlockSize = 512;

    public const byte File = (byte)'0';
    public const byte Symlink = (byte)'2';
    public const byte Directory = (byte)'5';
    private const byte Extended = (byte)'x';

    public const int DefaultFileMode = 0x1A4; // 0644
    public const int DefaultDirectoryMode = 0x1ED; // 0755
    public const int SymlinkMode = 0x1FF; // 0777

    private const int NameLength = 100;
    private const int PrefixLength = 155;
    private const int PrefixOffset = 345;
    private const long MaxUstarSize = 0x1_FFFF_FFFF; // 11 octal digits

    /// <summary>Whether BuildKit recognises an archive by this header. It reads only the first 1,024 bytes, so an extended header (pax,
    /// GNU) hides the archive.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> header) => header[156] is 0 or File or (byte)'1' or Symlink or Directory;

    /// <summary>Whether an entry needs a pax header. It must not be the first of an archive: BuildKit (moby 20.10 to 28) would read the
    /// archive as a Dockerfile.</summary>
    public static bool NeedsExtended(string name, string? link, long size) => NeedsExtended(name, link, size, out _, out _);

    private static bool NeedsExtended(string name, string? link, long size, out string prefix, out string rest) =>
        !TrySplit(name, out prefix, out rest) || (link is not null && !FitsIn(link, NameLength)) || size > MaxUstarSize;

    /// <summary>Creates the header blocks of one entry, without data. Owner and group are 0; <paramref name="modifiedAt"/> is in seconds
    /// since 1970.</summary>
    public static byte[] Create(byte type, string name, int mode, long size, long modifiedAt, string? link = null)
    {
        var block = new byte[BlockSize];
        if (TryWrite(block, type, name, mode, size, modifiedAt, link))
        {
            return block;
        }

        var records = Records(name, link, size);
        var padded = (records.Length + BlockSize - 1) / BlockSize * BlockSize;
        var blocks = new byte[BlockSize + padded + BlockSize];
        Block(blocks, Extended, "PaxHeaders/entry", "", DefaultFileMode, records.Length, modifiedAt, "");
        records.CopyTo(blocks, BlockSize);
        // The pax header takes precedence; a reader without pax support gets a short printable name.
        Block(blocks.AsSpan(BlockSize + padded), type, Shortened(name), "", mode, size > MaxUstarSize ? 0 : size, modifiedAt, Shortened(link ?? ""));
        return blocks;
    }

    /// <summary>Writes a Ustar header into one block; false if Ustar cannot hold the entry.</summary>
    public static bool TryWrite(Span<byte> block, byte type, string name, int mode, long size, long modifiedAt, string? link = null)
    {
        if (NeedsExtended(name, link, size, out var prefix, out var rest))
        {
            return false;
        }

        Block(block, type, rest, prefix, mode, size, modifiedAt, link ?? "");
        return true;
    }

    private static byte[] Records(string name, string? link, long size) => Encoding.UTF8.GetBytes(
        Record("path", name)
        + (link is null ? "" : Record("linkpath", link))
        + (size > MaxUstarSize ? Record("size", size.ToString(CultureInfo.InvariantCulture)) : ""));

    /// <summary>Formats "LENGTH key=value\n"; the length counts itself.</summary>
    private static string Record(string key, string value)
    {
        var rest = $" {key}={value}\n";
        var length = Encoding.UTF8.GetByteCount(rest);
        length += Digits(length + Digits(length));
        return string.Create(CultureInfo.InvariantCulture, $"{length}{rest}");

        static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;
    }

    private static void Block(Span<byte> block, byte type, string name, string prefix, int mode, long size, long modifiedAt, string link)
    {
        block = block[..BlockSize];
        block.Clear();
        Encoding.ASCII.GetBytes(name, block);
        Octal(block.Slice(100, 8), mode & 0xFFF);
        Octal(block.Slice(108, 8), 0);
        Octal(block.Slice(116, 8), 0);
        Octal(block.Slice(124, 12), size);
        Octal(block.Slice(136, 12), Math.Clamp(modifiedAt, 0, MaxUstarSize));
        block[156] = type;
        Encoding.ASCII.GetBytes(link, block.Slice(157, NameLength));
        "ustar\000"u8.CopyTo(block[257..]);
        Encoding.ASCII.GetBytes(prefix, block.Slice(PrefixOffset, PrefixLength));
        // The checksum counts its own field as blanks.
        block.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var b in block)
        {
            sum += b;
        }

        Octal(block.Slice(148, 7), sum);
    }

    /// <summary>Fills the field with octal digits and a terminating NUL.</summary>
    private static void Octal(Span<byte> field, long value)
    {
        for (var i = field.Length - 2; i >= 0; i--, value >>= 3)
        {
            field[i] = (byte)('0' + (value & 7));
        }

        field[^1] = 0;
    }

    /// <summary>Splits a name at a slash so that both parts fit their fields.</summary>
    private static bool TrySplit(string name, out string prefix, out string rest)
    {
        (prefix, rest) = ("", name);
        if (FitsIn(name, NameLength))
        {
            return true;
        }

        // The first slash that leaves little enough behind it leaves the least before it, too.
        var slash = name.Length > NameLength ? name.IndexOf('/', name.Length - NameLength - 1) : -1;
        if (slash <= 0 || slash == name.Length - 1)
        {
            return false;
        }

        (prefix, rest) = (name[..slash], name[(slash + 1)..]);
        return FitsIn(prefix, PrefixLength) && FitsIn(rest, NameLength);
    }

    private static bool FitsIn(string text, int length) => text.Length <= length && Ascii.IsValid(text);

    private static string Shortened(string text)
    {
        var ascii = string.Concat(text.Select(c => char.IsAscii(c) ? c : '_'));
        return ascii.Length <= NameLength ? ascii : ascii[..NameLength];
    }
}
