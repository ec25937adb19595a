using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using SharpCompress.Common;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.ZStandard;
using SharpCompress.Compressors.ZStandard.Unsafe;

namespace ContainerApi.Archives;

/// <summary>A compression format, recognised by its first bytes.</summary>
/// <param name="Name">The name in messages.</param>
/// <param name="Open">Decompresses while it is read.</param>
internal sealed record Compression(string Name, byte[] Magic, Func<PipeReader, CancellationToken, DecompressedStream> Open)
{
    /// <summary>The largest window that the decoder may allocate: enough for the strongest settings of the zstd program.</summary>
    private const int MaxZstdWindow = 27; // as a power of 2: 128 MiB, zstd -22 and zstd --long

    private static readonly Compression None = new("tar", [], (body, _) => new(body.AsStream()));

    private static readonly IReadOnlyList<Compression> Known =
    [
        new("gzip", [0x1F, 0x8B], (body, _) => new(new GZipStream(body.AsStream(), CompressionMode.Decompress))),
        new("bzip2", [.. "BZh"u8], (body, token) => DecoderThread.Start(body, DecompressBzip2, token)),
        new("xz", [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], (body, token) => DecoderThread.Start(body, XzDecoder.Decompress, token)),
        // The second is a skippable frame, with which pzstd begins.
        new("zstd", [0x28, 0xB5, 0x2F, 0xFD], OpenZstd),
        new("zstd", [0x50, 0x2A, 0x4D, 0x18], OpenZstd),
    ];

    private static readonly int MaxMagicLength = Known.Max(k => k.Magic.Length);

    /// <summary>Recognises the format by the first bytes of a body, which stay in it. Null if the body is empty.</summary>
    public static async ValueTask<Compression?> SniffAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var start = await body.ReadAtLeastAsync(MaxMagicLength, cancellationToken);
        var magic = start.Buffer.Slice(0, Math.Min(MaxMagicLength, start.Buffer.Length)).ToArray();
        body.AdvanceTo(start.Buffer.Start);
        return magic.Length > 0 ? Of(magic) : null;
    }

    private static Compression Of(ReadOnlySpan<byte> start)
    {
        foreach (var known in Known)
        {
            if (start.StartsWith(known.Magic))
            {
                return known;
            }
        }

        return None;
    }

    /// <summary>Describes a decompression failure; null for any other exception.</summary>
    public static string? DescribeDamage(Exception exception) => exception switch
    {
        ZstdException { Code: ZSTD_ErrorCode.ZSTD_error_frameParameter_windowTooLarge } =>
            $"needs more than {1 << (MaxZstdWindow - 20)} MiB of memory to be decompressed",
        WindowTooLargeException e => e.Message,
        InvalidDataException or SharpCompressException => "is damaged or cut short",
        _ => null,
    };

    private static DecompressedStream OpenZstd(PipeReader body, CancellationToken cancellationToken)
    {
        var stream = new DecompressionStream(body.AsStream());
        stream.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, MaxZstdWindow);
        return new(stream);
    }

    private static void DecompressBzip2(DecoderSource source, DecoderSink sink)
    {
        using var stream = BZip2Stream.Create(
            source, SharpCompress.Compressors.CompressionMode.Decompress, decompressConcatenated: true, leaveOpen: true);
        while (sink.WriteFrom(stream) > 0)
        {
        }
    }
}

/// <summary>A stream that is decompressed while it is read.</summary>
internal sealed class DecompressedStream(Stream stream, Func<ValueTask>? stop = null) : IAsyncDisposable
{
    /// <summary>Reads until the buffer is full or the stream ends or fails. Bytes read before a failure are returned.</summary>
    public async ValueTask<(int Read, Exception? Failure)> FillAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var filled = 0;
        try
        {
            while (filled < buffer.Length && await stream.ReadAsync(buffer[filled..], cancellationToken) is var read and > 0)
            {
                filled += read;
            }

            return (filled, null);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return (filled, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        if (stop is not null)
        {
            await stop();
        }
    }
}

/// <summary>A stream would need more memory for decompression than the limit.</summary>
internal sealed class WindowTooLargeException(string message) : Exception(message);
