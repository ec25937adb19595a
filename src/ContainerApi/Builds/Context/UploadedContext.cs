using System.IO.Compression;
using System.IO.Pipelines;

namespace ContainerApi.Builds.Context;

/// <summary>
/// An archive that a caller sends: tar, plain or in gzip whatever its content type says. It is unpacked and its framing
/// checked on the way, because an engine builds from a cut archive as if it were whole (20.10 does).
/// </summary>
internal static class UploadedContext
{
    private const int Chunk = 64 * 1024;
    private const int LongestMagic = 6;

    public static BuildContext From(PipeReader body, long maxBytes) => async (output, cancellationToken) =>
    {
        await using var source = await OpenAsync(body, cancellationToken);
        var framing = new TarFraming(maxBytes);
        while (true)
        {
            var buffer = output.GetMemory(Chunk);
            var read = await ReadAsync(source, buffer, framing, cancellationToken);
            if (read == 0)
            {
                break;
            }

            framing.Read(buffer.Span[..read]);
            output.Advance(read);
            if ((await output.FlushAsync(cancellationToken)).IsCompleted)
            {
                throw new OperationCanceledException("Nobody reads the context any more.");
            }
        }

        framing.End();
    };

    private static async ValueTask<Stream> OpenAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var start = await body.ReadAtLeastAsync(LongestMagic, cancellationToken);
        var magic = new byte[LongestMagic];
        var slice = start.Buffer.Slice(0, Math.Min(LongestMagic, start.Buffer.Length));
        System.Buffers.BuffersExtensions.CopyTo(slice, magic);
        body.AdvanceTo(start.Buffer.Start);
        if (start.Buffer.IsEmpty)
        {
            throw BuildContexts.Invalid("The body is empty; it must be the context's archive.");
        }

        return CompressionOf(magic) switch
        {
            null => body.AsStream(),
            "gzip" => new GZipStream(body.AsStream(), CompressionMode.Decompress),
            var other => throw BuildContexts.Invalid($"The archive is compressed with {other}; send it plain or with gzip."),
        };
    }

    private static string? CompressionOf(ReadOnlySpan<byte> magic) =>
        magic.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? "gzip"
        : magic.StartsWith("BZh"u8) ? "bzip2"
        : magic.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) ? "xz"
        : magic.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]) ? "zstd"
        : null;

    private static async ValueTask<int> ReadAsync(Stream source, Memory<byte> buffer, TarFraming framing, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadAsync(buffer, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw BuildContexts.Invalid($"The gzip stream is damaged or cut short, {framing.Position} bytes into the archive.", e);
        }
    }
}
