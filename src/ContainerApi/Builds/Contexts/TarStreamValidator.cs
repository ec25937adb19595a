using System.Buffers;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// Follows the framing of a tar stream that passes by in pieces: headers with their checksums, entries with their
/// lengths, the end; shows each entry to <paramref name="rules"/>. Pure; knows Ustar, GNU, pax (also its sparse files) and
/// the old V7 form.
/// </summary>
/// <param name="maxBytes">The most that the archive may measure, the holes of its sparse files filled.</param>
internal sealed class TarStreamValidator(long maxBytes, ArchiveRules rules)
{
    private const int BlockSize = TarHeader.BlockSize;
    private const int LargestExtended = 1024 * 1024;

    private readonly byte[] _block = new byte[BlockSize];
    private int _blockLength;
    private string _entry = "";
    private long _dataLeft;

    /// <summary>Data that is looked at when it has passed, and who does.</summary>
    private ArrayBufferWriter<byte>? _kept;
    private long _keptLeft;
    private Action<ReadOnlySpan<byte>>? _look;

    /// <summary>What headers before an entry's own say of it.</summary>
    private PaxRecords _pax;
    private string? _longName;
    private string? _longLink;

    private long _holes;
    private int _zeroBlocks;

    /// <summary>Bytes of the archive that were read.</summary>
    public long Position { get; private set; }

    /// <exception cref="ApiException">The stream is not a tar archive, is damaged, too large, or holds what no context may.</exception>
    public void Read(ReadOnlySpan<byte> piece)
    {
        if (Position + piece.Length + _holes > maxBytes)
        {
            throw BuildContexts.TooLarge(maxBytes);
        }

        while (piece.Length > 0)
        {
            // Two blocks of zeros are the end; writers pad with what they like.
            var taken = _zeroBlocks == 2 ? piece.Length : _dataLeft > 0 ? PassData(piece) : FillBlock(piece);
            Position += taken;
            piece = piece[taken..];
        }
    }

    /// <exception cref="ApiException">The archive is cut short.</exception>
    public void End()
    {
        if (Position == 0)
        {
            throw BuildContexts.Invalid("The archive is empty.");
        }

        if (_blockLength > 0)
        {
            throw Position < BlockSize
                ? BuildContexts.Invalid($"The archive is cut short, or none: it has {Position} bytes.")
                : BuildContexts.Invalid($"The archive is cut short: it ends at byte {Position}, in the middle of a header after '{_entry}'.");
        }

        if (_dataLeft > 0)
        {
            throw BuildContexts.Invalid($"The archive is cut short: it ends at byte {Position}, {_dataLeft} bytes before the end of '{_entry}'.");
        }

        if (_zeroBlocks == 0)
        {
            rules.End();
        }
    }

    private int PassData(ReadOnlySpan<byte> piece)
    {
        var taken = (int)Math.Min(piece.Length, _dataLeft);
        _dataLeft -= taken;
        if (_kept is not null)
        {
            var content = (int)Math.Min(taken, _keptLeft);
            _kept.Write(piece[..content]);
            _keptLeft -= content;
            if (_dataLeft == 0)
            {
                var kept = _kept.WrittenSpan;
                _kept = null;
                _look!(kept);
            }
        }

        return taken;
    }

    private int FillBlock(ReadOnlySpan<byte> piece)
    {
        var taken = Math.Min(piece.Length, BlockSize - _blockLength);
        piece[..taken].CopyTo(_block.AsSpan(_blockLength));
        _blockLength += taken;
        if (_blockLength == BlockSize)
        {
            _blockLength = 0;
            ReadBlock();
        }

        return taken;
    }

    private void ReadBlock()
    {
        if (!_block.AsSpan().ContainsAnyExcept((byte)0))
        {
            // Whoever reads the archive may take it for whole from here on.
            if (_zeroBlocks++ == 0)
            {
                rules.End();
            }

            return;
        }

        if (_zeroBlocks > 0 || !HasItsChecksum() || !TryNumber(_block.AsSpan(124, 12), out var size))
        {
            throw BuildContexts.Invalid(Position < BlockSize
                ? "The body is not a tar archive."
                : $"The archive is damaged: at byte {BlockPosition}, after '{_entry}', there is no tar header.");
        }

        var type = (char)_block[156];
        if (type is 'x' or 'g' or 'L' or 'K')
        {
            ReadExtended(type, size);
        }
        else
        {
            ReadEntry(type, size);
        }
    }

    private void ReadExtended(char type, long size)
    {
        if (size > LargestExtended)
        {
            throw BuildContexts.Invalid($"The archive is damaged: the extended header at byte {BlockPosition} is larger than {LargestExtended} bytes.");
        }

        _entry = TarText.Printable(TarText.Of(_block.AsSpan(0, 100)));
        _dataLeft = Padded(size);
        // A header for all entries (g) is read by no builder.
        if (type != 'g')
        {
            var at = BlockPosition;
            Keep(size, type switch
            {
                'x' => records => _pax = PaxRecords.TryParse(records, out var pax)
                    ? pax
                    : throw BuildContexts.Invalid($"The archive is damaged: the extended header at byte {at} is none."),
                'L' => name => _longName = TarText.Of(name),
                _ => link => _longLink = TarText.Of(link),
            });
        }
    }

    private void ReadEntry(char type, long size)
    {
        var name = _longName ?? _pax.Name ?? TarText.NameOf(_block);
        _entry = TarText.Printable(name);
        // Links, devices, directories and pipes have no data, whatever their size says (as Go's reader has it).
        var stored = type is >= '1' and <= '6' ? 0 : Bounded(_pax.Size ?? size);
        if (_pax.RealSize is { } real)
        {
            // The engine writes the holes of a sparse file as zeros: they count.
            _holes += Math.Max(0, Bounded(real) - stored);
            Bounded(Position + _holes);
        }

        var isSparse = _pax.RealSize is not null;
        var wanted = rules.Judge(new ArchiveEntry(type, name, _longLink ?? _pax.Link ?? TarText.Of(_block.AsSpan(157, 100)), stored));
        (_pax, _longName, _longLink) = (default, null, null);
        _dataLeft = Padded(stored);
        if (wanted && !isSparse)
        {
            Keep(stored, rules.ReadDockerfile);
        }
    }

    private void Keep(long size, Action<ReadOnlySpan<byte>> look)
    {
        if (size == 0)
        {
            look([]);
            return;
        }

        (_kept, _keptLeft, _look) = (new ArrayBufferWriter<byte>((int)size), size, look);
    }

    /// <summary>Where the block begins that was filled last.</summary>
    private long BlockPosition => Position / BlockSize * BlockSize;

    /// <summary>An entry that says it is larger than everything may be is refused before it is sent.</summary>
    private long Bounded(long size) => size <= maxBytes ? size : throw BuildContexts.TooLarge(maxBytes);

    /// <summary>The sum of all bytes, its own field counted as blanks; some old writers summed signed bytes.</summary>
    private bool HasItsChecksum()
    {
        if (!TryNumber(_block.AsSpan(148, 8), out var told))
        {
            return false;
        }

        long unsigned = 8 * ' ', signed = 8 * ' ';
        for (var i = 0; i < BlockSize; i++)
        {
            if (i is < 148 or >= 156)
            {
                unsigned += _block[i];
                signed += (sbyte)_block[i];
            }
        }

        return told == unsigned || told == signed;
    }

    /// <summary>Octal digits between blanks and NULs, or, with the highest bit set, a binary number (GNU).</summary>
    private static bool TryNumber(ReadOnlySpan<byte> field, out long number)
    {
        number = 0;
        if (field[0] == 0x80)
        {
            foreach (var b in field[1..])
            {
                if (number >= 1L << 54)
                {
                    return false;
                }

                number = (number << 8) | b;
            }

            return true;
        }

        foreach (var b in field.Trim("\0 "u8))
        {
            if (b is < (byte)'0' or > (byte)'7')
            {
                return false;
            }

            number = (number << 3) | (uint)(b - '0');
        }

        return true;
    }

    private static long Padded(long size) => (size + BlockSize - 1) / BlockSize * BlockSize;
}
