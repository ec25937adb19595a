using System.Buffers;
using System.IO.Pipelines;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// An archive that a caller sends: tar, plain or packed whatever its content type says. It is unpacked and its framing
/// checked on the way, because an engine builds from a cut archive as if it were whole (20.10 does).
/// </summary>
internal static class UploadedContext
{
    /// <summary>So much goes on at once: a small piece that is handed on alone costs the engine and us many times what its bytes do.</summary>
    private const int Chunk = 128 * 1024;

    /// <param name="dockerfile">The Dockerfile's path inside the archive; null is the default one.</param>
    public static BuildContext From(PipeReader body, string? dockerfile, long maxBytes) => async (output, check, cancellationToken) =>
    {
        var compression = await SniffAsync(body, cancellationToken);
        await using var unpacking = compression.Open(body, cancellationToken);
        var framing = new TarStreamValidator(maxBytes, new ArchiveRules(dockerfile, check));
        for (var isFirst = true; ; isFirst = false)
        {
            var buffer = output.GetMemory(Chunk)[..Chunk];
            var (read, failure) = await FillAsync(unpacking.Stream, buffer, cancellationToken);
            framing.Read(buffer.Span[..read]);
            if (failure is not null)
            {
                throw Compression.DamageIn(failure) is { } damage
                    ? BuildContexts.Invalid($"The {compression.Name} stream {damage}, {framing.Position} bytes into the archive.", failure)
                    : failure;
            }

            if (read == 0)
            {
                break;
            }

            if (isFirst && read >= TarHeader.BlockSize && !TarHeader.IsPlain(buffer.Span))
            {
                PutInFront(TarHeader.Create(TarHeader.Directory, "./", 0x1ED, 0, 0), output, buffer.Span[..read]);
            }
            else
            {
                output.Advance(read);
            }

            if ((await output.FlushAsync(cancellationToken)).IsCompleted)
            {
                throw new OperationCanceledException("Nobody reads the context any more.");
            }
        }

        framing.End();
    };

    /// <summary>Reads until the buffer is full, the stream ends or fails: what came before a failure counts.</summary>
    private static async ValueTask<(int Read, Exception? Failure)> FillAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellationToken)
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

    /// <summary>Writes a header before what was read into the pipe's next memory.</summary>
    private static void PutInFront(byte[] header, PipeWriter output, ReadOnlySpan<byte> read)
    {
        var rest = read.ToArray();
        output.Write(header);
        output.Write(rest);
    }

    private static async ValueTask<Compression> SniffAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var start = await body.ReadAtLeastAsync(Compression.LongestMagic, cancellationToken);
        var magic = start.Buffer.Slice(0, Math.Min(Compression.LongestMagic, start.Buffer.Length)).ToArray();
        body.AdvanceTo(start.Buffer.Start);
        return magic.Length > 0 ? Compression.Of(magic) : throw BuildContexts.Invalid("The body is empty; it must be the context's archive.");
    }
}
