using System.Buffers;
using System.IO.Pipelines;
using ContainerApi.Archives;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// A tar archive that a caller sends, uncompressed or compressed whatever its content type says. It is decompressed and
/// validated on the way, because an engine builds from a truncated archive as if it were complete (seen on 20.10).
/// </summary>
internal static class UploadedContext
{
    /// <summary>The size of one write to the engine: small writes cost the engine and the service many times more per byte.</summary>
    private const int Chunk = 128 * 1024;

    /// <param name="dockerfile">The Dockerfile's path inside the archive, or null for the default.</param>
    public static BuildContext From(PipeReader body, string? dockerfile, long maxBytes) => async (output, check, cancellationToken) =>
    {
        var compression = await Compression.SniffAsync(body, cancellationToken)
            ?? throw BuildContexts.Invalid("The body is empty; send the context as an archive.");
        await using var decompressed = compression.Open(body, cancellationToken);
        var validator = new TarStreamValidator(maxBytes, new ArchiveRules(dockerfile, check));
        for (var isFirst = true; ; isFirst = false)
        {
            var buffer = output.GetMemory(Chunk)[..Chunk];
            var (read, failure) = await decompressed.FillAsync(buffer, cancellationToken);
            validator.Read(buffer.Span[..read]);
            if (failure is not null)
            {
                throw Compression.DescribeDamage(failure) is { } damage
                    ? BuildContexts.Invalid($"The {compression.Name} stream {damage}, {validator.Position} bytes into the archive.", failure)
                    : failure;
            }

            if (read == 0)
            {
                break;
            }

            if (isFirst && read >= TarHeader.BlockSize && !TarHeader.IsPlain(buffer.Span))
            {
                // The directory goes before the bytes that are already in the pipe's next buffer.
                var rest = buffer.Span[..read].ToArray();
                output.Write(TarHeader.Create(TarHeader.Directory, "./", TarHeader.DefaultDirectoryMode, 0, 0));
                output.Write(rest);
            }
            else
            {
                output.Advance(read);
            }

            if ((await output.FlushAsync(cancellationToken)).IsCompleted)
            {
                throw new OperationCanceledException("The reader of the context has stopped.");
            }
        }

        validator.End();
    };
}
