using System.Buffers;
using System.IO.Pipelines;

namespace ContainerApi.Builds.Context;

/// <summary>
/// An archive that a caller sends: tar, plain or packed whatever its content type says. It is unpacked and its framing
/// checked on the way, because an engine builds from a cut archive as if it were whole (20.10 does).
/// </summary>
internal static class UploadedContext
{
    private const int Chunk = 64 * 1024;

    /// <param name="dockerfile">The Dockerfile's path inside the archive; null is the default one.</param>
    public static BuildContext From(PipeReader body, string? dockerfile, long maxBytes) => async (output, check, cancellationToken) =>
    {
        var compression = await SniffAsync(body, cancellationToken);
        await using var unpacking = compression.Open(body, cancellationToken);
        var framing = new TarFraming(maxBytes, new ArchiveRules(dockerfile, check));
        // A whole header at first, so that it can be seen whether it needs one in front.
        for (var atLeast = TarHeader.BlockSize; ; atLeast = 1)
        {
            var buffer = output.GetMemory(Chunk);
            int read;
            try
            {
                read = await unpacking.Stream.ReadAtLeastAsync(buffer, atLeast, throwOnEndOfStream: false, cancellationToken);
            }
            catch (Exception e) when (Compression.DamageIn(e) is { } damage)
            {
                throw BuildContexts.Invalid($"The {compression.Name} stream {damage}, {framing.Position} bytes into the archive.", e);
            }

            if (read == 0)
            {
                break;
            }

            framing.Read(buffer.Span[..read]);
            if (atLeast > 1 && read >= atLeast && !TarHeader.IsPlain(buffer.Span))
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
