using System.Buffers;
using System.Globalization;
using System.Text;
using ContainerApi.Http;

namespace ContainerApi.Builds.Context;

/// <summary>
/// Follows the framing of a tar stream that passes by in pieces: headers with their checksums, entries with their
/// lengths, the end. Pure; knows Ustar, GNU (also its sparse files), pax and the old V7 form.
/// </summary>
internal sealed class TarFraming(long maxBytes)
{
    private const int BlockSize = TarHeader.BlockSize;
    private const int LargestExtended = 1024 * 1024;

    private readonly byte[] _block = new byte[BlockSize];
    private int _blockLength;
    private string _entry = "";
    private long _dataLeft;
    private ArrayBufferWriter<byte>? _extended;
    private long _extendedLeft;
    private long? _sizeOfNext;
    private bool _sparseFollows;
    private int _zeroBlocks;

    /// <summary>Bytes of the archive that were read.</summary>
    public long Position { get; private set; }

    /// <exception cref="RequestException">The stream is not a tar archive, is damaged, or too large.</exception>
    public void Read(ReadOnlySpan<byte> piece)
    {
        if (Position + piece.Length > maxBytes)
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

    /// <exception cref="RequestException">The archive is cut short.</exception>
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
    }

    private int PassData(ReadOnlySpan<byte> piece)
    {
        var taken = (int)Math.Min(piece.Length, _dataLeft);
        _dataLeft -= taken;
        if (_extended is not null)
        {
            var content = (int)Math.Min(taken, _extendedLeft);
            _extended.Write(piece[..content]);
            _extendedLeft -= content;
            if (_dataLeft == 0)
            {
                _sizeOfNext = SizeRecord(_extended.WrittenSpan) ?? _sizeOfNext;
                _extended = null;
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
            if (_sparseFollows)
            {
                // A GNU sparse map goes on over blocks that are no headers; each says whether another follows.
                _sparseFollows = _block[504] != 0;
                _dataLeft = _sparseFollows ? 0 : Padded(_sizeOfNext ?? 0);
                _sizeOfNext = _sparseFollows ? _sizeOfNext : null;
            }
            else
            {
                ReadHeader();
            }
        }

        return taken;
    }

    private void ReadHeader()
    {
        if (!_block.AsSpan().ContainsAnyExcept((byte)0))
        {
            _zeroBlocks++;
            return;
        }

        if (_zeroBlocks > 0 || !HasItsChecksum() || !TryNumber(_block.AsSpan(124, 12), out var size))
        {
            throw BuildContexts.Invalid(Position < BlockSize
                ? "The body is not a tar archive."
                : $"The archive is damaged: at byte {Position / BlockSize * BlockSize}, after '{_entry}', there is no tar header.");
        }

        _entry = Printable(_block.AsSpan(0, 100));
        var type = (char)_block[156];
        switch (type)
        {
            // Links, devices, directories and pipes have no data, whatever their size says (as Go's reader has it).
            case >= '1' and <= '6':
                _sizeOfNext = null;
                break;
            case 'x' or 'X' or 'g' when size > LargestExtended:
                throw BuildContexts.Invalid($"The archive is damaged: the extended header at byte {Position / BlockSize * BlockSize} is larger than {LargestExtended} bytes.");
            case 'x' or 'X':
                _extended = size == 0 ? null : new ArrayBufferWriter<byte>((int)size);
                _extendedLeft = size;
                _dataLeft = Padded(size);
                break;
            case 'g' or 'L' or 'K':
                _dataLeft = Padded(Bounded(size));
                break;
            case 'S' when _block[482] != 0:
                _sparseFollows = true;
                _sizeOfNext = Bounded(_sizeOfNext ?? size);
                break;
            default:
                _dataLeft = Padded(Bounded(_sizeOfNext ?? size));
                _sizeOfNext = null;
                break;
        }
    }

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

    /// <summary>The pax record "LENGTH size=N\n" among others, or null.</summary>
    private static long? SizeRecord(ReadOnlySpan<byte> records)
    {
        long? size = null;
        while (records.IndexOf((byte)' ') is var blank and > 0
            && int.TryParse(records[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && length > blank + 1 && length <= records.Length)
        {
            var record = records[(blank + 1)..(length - 1)];
            if (record.StartsWith("size="u8) && long.TryParse(record[5..], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                size = value;
            }

            records = records[length..];
        }

        return size;
    }

    private static long Padded(long size) => (size + BlockSize - 1) / BlockSize * BlockSize;

    private static string Printable(ReadOnlySpan<byte> name)
    {
        var end = name.IndexOf((byte)0);
        var text = Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
        return string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
    }
}
