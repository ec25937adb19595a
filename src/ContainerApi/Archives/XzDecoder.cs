using System.Buffers.Binary;
using SharpCompress.Compressors.Xz;

namespace ContainerApi.Archives;

/// <summary>
/// Decompresses xz with the library's blocks, checks and filters. It adds what the library's stream lacks: concatenated streams
/// and a limit on the memory of a block. Format:
/// https://tukaani.org/xz/xz-file-format.txt.
/// </summary>
internal static class XzDecoder
{
    private const byte Lzma2 = 0x21;

    /// <summary>64 MiB, as xz -9 needs. A dictionary's size is one byte: 2 or 3, by its lowest bit, times a power of 2.</summary>
    private const int MaxDictionary = 28;

    private const int MaxIntegerLength = 9;
    private const int MaxBlockHeader = 1024;

    public static void Decompress(DecoderSource source, DecoderSink sink)
    {
        do
        {
            var header = XZHeader.FromStream(source);
            var blocks = 0L;
            for (; Next(source) != 0; blocks++)
            {
                CheckMemory(source.Peek(Math.Min(MaxBlockHeader, (Next(source) + 1) * 4)));
                using var block = new XZBlock(source, header.BlockCheckType, header.BlockCheckSize);
                while (sink.WriteFrom(block) == DecoderSink.Chunk)
                {
                }
            }

            SkipIndex(source, blocks);
            XZFooter.FromStream(source);
            SkipPadding(source);
        }
        while (source.Peek(1).Length > 0);
    }

    /// <summary>Checks a block's header before the library allocates the memory that it declares.</summary>
    private static void CheckMemory(ReadOnlySpan<byte> header)
    {
        var flags = header[1];
        var at = 2;
        for (var sizes = flags & 0xC0; sizes != 0; sizes &= sizes - 1)
        {
            Integer(header, ref at);
        }

        for (var filters = (flags & 3) + 1; filters > 0; filters--)
        {
            var id = Integer(header, ref at);
            var properties = (int)Integer(header, ref at);
            if (id == Lzma2 && header[at] > MaxDictionary)
            {
                throw new WindowTooLargeException("needs more than 64 MiB of memory to be decompressed");
            }

            at += properties;
        }
    }

    /// <summary>Skips the index: all blocks are read in order anyway.</summary>
    private static void SkipIndex(DecoderSource source, long blocks)
    {
        var began = source.Position;
        Skip(source, 1);
        if (Integer(source) != blocks)
        {
            throw new InvalidDataException("The index does not match the blocks.");
        }

        for (; blocks > 0; blocks--)
        {
            Integer(source);
            Integer(source);
        }

        var padding = -(source.Position - began) & 3;
        const int Checksum = 4;
        Skip(source, (int)padding + Checksum);
    }

    /// <summary>Skips the zeros between and after streams, four at a time.</summary>
    private static void SkipPadding(DecoderSource source)
    {
        while (source.Peek(4) is { Length: 4 } four && BinaryPrimitives.ReadInt32LittleEndian(four) == 0)
        {
            Skip(source, 4);
        }
    }

    private static void Skip(DecoderSource source, int count)
    {
        Span<byte> skipped = stackalloc byte[MaxIntegerLength];
        source.ReadExactly(skipped[..count]);
    }

    private static byte Next(DecoderSource source) => source.Peek(1) is { Length: 1 } next ? next[0] : throw new EndOfStreamException();

    private static long Integer(DecoderSource source)
    {
        var at = 0;
        var value = Integer(source.Peek(MaxIntegerLength), ref at);
        Skip(source, at);
        return value;
    }

    /// <summary>Reads an integer of seven bits per byte, lowest first; the highest bit means that another byte follows.</summary>
    private static long Integer(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0L;
        for (var shift = 0; shift < 7 * MaxIntegerLength; shift += 7)
        {
            var next = bytes[at++];
            value |= (long)(next & 0x7F) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }

        throw new InvalidDataException("A number has too many digits.");
    }
}
