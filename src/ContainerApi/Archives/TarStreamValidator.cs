using System.Buffers;

namespace ContainerApi.Archives;

/// <summary>
/// Validates a tar stream piece by piece: header checksums, entry lengths, the end. Passes each entry to
/// <paramref name="rules"/>. Reads Ustar, GNU, pax (including sparse files) and V7 archives. Pure.
/// </summary>
/// <param name="maxBytes">The maximum size of the archive with the holes of sparse files filled.</param>
internal sealed class TarStreamValidator(long maxBytes, IArchiveRules rules)
{
    private const int BlockSize = TarHeader.BlockSize;
    private const int MaxExtendedHeader = 1024 * 1024;

    private readonly byte[] _block = new byte[BlockSize];
    private int _blockLength;
    private string _entry = "";
    private long _dataLeft;

    /// <summary>Data that is buffered, and the action that receives it when it is complete.</summary>
    private ArrayBufferWriter<byte>? _kept;
    private long _keptLeft;
    private Action<ReadOnlySpan<byte>>? _onKept;

    /// <summary>The values of extended headers for the next entry.</summary>
    private PaxRecords _pax;
    private string? _longName;
    private string? _longLink;

    private long _holes;
    private int _zeroBlocks;

    /// <summary>Bytes of the archive read so far.</summary>
    public long Position { get; private set; }

    /// <summary>The position of the first of the zero blocks that end the archive; null before it.</summary>
    public long? EndPosition { get; private set; }

    /// <exception cref="ApiException">The stream is not a tar archive, is damaged or too large, or contains an entry that it must not
    /// contain.</exception>
    public void Read(ReadOnlySpan<byte> piece)
    {
        if (Position + piece.Length + _holes > maxBytes)
        {
            throw rules.TooLarge(maxBytes);
        }

        while (piece.Length > 0)
        {
            // Two zero blocks are the end; anything may follow as padding.
            var taken = _zeroBlocks == 2 ? piece.Length : _dataLeft > 0 ? PassData(piece) : FillBlock(piece);
            Position += taken;
            piece = piece[taken..];
        }
    }

    /// <exception cref="ApiException">The archive is truncated.</exception>
    public void End()
    {
        RequireWholeEntry();
        if (_zeroBlocks == 0)
        {
            rules.End();
        }
    }

    /// <summary>
    /// Ends the archive as <see cref="End"/> does, and requires the zero blocks at its end: without them it may be cut between entries.
    /// </summary>
    /// <exception cref="ApiException">The archive is truncated.</exception>
    public void EndWithMark()
    {
        RequireWholeEntry();
        if (EndPosition is null)
        {
            throw rules.Invalid($"The archive is truncated: it ends at byte {Position}, after '{_entry}', without its end of zeros.");
        }
    }

    private void RequireWholeEntry()
    {
        if (Position == 0)
        {
            throw rules.Invalid("The archive is empty.");
        }

        if (_blockLength > 0)
        {
            throw rules.Invalid(Position < BlockSize
                ? rules.DescribeOther(_block) ?? $"The body is not a tar archive, or it is truncated: it has {Position} bytes."
                : $"The archive is truncated: it ends at byte {Position}, in the middle of a header after '{_entry}'.");
        }

        if (_dataLeft > 0)
        {
            throw rules.Invalid($"The archive is truncated: it ends at byte {Position}, {_dataLeft} bytes before the end of '{_entry}'.");
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
                _onKept!(kept);
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
            // A reader may stop here and treat the archive as complete.
            if (_zeroBlocks++ == 0)
            {
                EndPosition = BlockPosition;
                rules.End();
            }

            return;
        }

        if (_zeroBlocks > 0 || !HasValidChecksum() || !TryNumber(_block.AsSpan(124, 12), out var size))
        {
            throw rules.Invalid(Position < BlockSize
                ? rules.DescribeOther(_block) ?? "The body is not a tar archive."
                : $"The archive is damaged: no valid tar header at byte {BlockPosition}, after '{_entry}'.");
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
        if (size > MaxExtendedHeader)
        {
            throw rules.Invalid(
                $"The archive is damaged: the extended header at byte {BlockPosition} is larger than {MaxExtendedHeader} bytes.");
        }

        _entry = TarText.Printable(TarText.Of(_block.AsSpan(0, 100)));
        _dataLeft = Padded(size);
        // No builder reads global headers (g).
        if (type != 'g')
        {
            var at = BlockPosition;
            Keep(size, type switch
            {
                'x' => records => _pax = PaxRecords.TryParse(records, out var pax)
                    ? pax : throw rules.Invalid($"The archive is damaged: invalid extended header at byte {at}."),
                'L' => name => _longName = TarText.Of(name),
                _ => link => _longLink = TarText.Of(link),
            });
        }
    }

    private void ReadEntry(char type, long size)
    {
        var name = _longName ?? _pax.Name ?? TarText.NameOf(_block);
        _entry = TarText.Printable(name);
        // Links, devices, directories and pipes have no data, whatever their size field says (as in Go's archive/tar).
        var stored = type is >= '1' and <= '6' ? 0 : Bounded(_pax.Size ?? size);
        if (_pax.RealSize is { } real)
        {
            // The engine writes the holes of a sparse file as zeros, so they count.
            _holes += Math.Max(0, Bounded(real) - stored);
            Bounded(Position + _holes);
        }

        var isSparse = _pax.RealSize is not null;
        var wanted = rules.Accept(new ArchiveEntry(type, name, _longLink ?? _pax.Link ?? TarText.Of(_block.AsSpan(157, 100)), stored)
        {
            Mode = (int)NumberOrZero(_block.AsSpan(100, 8)) & 0xFFF,
            ModifiedAt = _pax.ModifiedAt ?? unchecked(NumberOrZero(_block.AsSpan(136, 12)) * PaxRecords.NanosecondsPerSecond),
            Position = BlockPosition + BlockSize,
            IsSparse = isSparse,
        });
        (_pax, _longName, _longLink) = (default, null, null);
        _dataLeft = Padded(stored);
        if (wanted && !isSparse)
        {
            Keep(stored, rules.ReadContent);
        }
    }

    private void Keep(long size, Action<ReadOnlySpan<byte>> onKept)
    {
        if (size == 0)
        {
            onKept([]);
            return;
        }

        (_kept, _keptLeft, _onKept) = (new ArrayBufferWriter<byte>((int)size), size, onKept);
    }

    /// <summary>The position of the current block.</summary>
    private long BlockPosition => Position / BlockSize * BlockSize;

    /// <summary>Refuses an entry whose declared size exceeds the limit before it is sent.</summary>
    private long Bounded(long size) => size <= maxBytes ? size : throw rules.TooLarge(maxBytes);

    /// <summary>Checks the sum of all bytes with the checksum field as blanks; some old writers summed signed bytes.</summary>
    private bool HasValidChecksum()
    {
        if (!TryNumber(_block.AsSpan(148, 8), out var expected))
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

        return expected == unsigned || expected == signed;
    }

    /// <summary>Parses octal digits between blanks and NULs, or a binary number with the highest bit set (GNU).</summary>
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

    private static long NumberOrZero(ReadOnlySpan<byte> field) => TryNumber(field, out var number) ? number : 0;

    private static long Padded(long size) => (size + BlockSize - 1) / BlockSize * BlockSize;
}
