using ContainerApi.Archives;

namespace ContainerApi.Builds.Contexts;

/// <summary>Buffers a part of a form until its length is known.</summary>
internal static class Spool
{
    private const int MaxInMemory = 256 * 1024;
    private const int Chunk = 64 * 1024;

    /// <summary>Reads a whole part. The caller disposes the result; no file remains, not even after a crash.</summary>
    /// <param name="left">The bytes of <paramref name="maxBytes"/> that the context has left.</param>
    /// <exception cref="ApiException">The part is longer than <paramref name="left"/> or truncated.</exception>
    public static async Task<Stream> ReadAsync(Stream part, string name, long left, long maxBytes, CancellationToken cancellationToken)
    {
        Stream buffered = new MemoryStream();
        try
        {
            var buffer = new byte[Chunk];
            while (await ReadAsync(part, buffer, name, cancellationToken) is var read and > 0)
            {
                if (buffered.Length + read > left)
                {
                    throw BuildContexts.TooLarge(maxBytes);
                }

                if (buffered is MemoryStream memory && buffered.Length + read > MaxInMemory)
                {
                    buffered = CreateFile();
                    memory.WriteTo(buffered);
                }

                // Synchronously: .NET has no asynchronous file writes on Linux; it would block a pool thread instead.
                buffered.Write(buffer, 0, read);
            }

            buffered.Position = 0;
            return buffered;
        }
        catch
        {
            await buffered.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads the whole buffer and rewinds it.</summary>
    public static async Task<byte[]> BytesAsync(Stream buffered, CancellationToken cancellationToken)
    {
        var bytes = new byte[buffered.Length];
        await buffered.ReadExactlyAsync(bytes, cancellationToken);
        buffered.Position = 0;
        return bytes;
    }

    private static async ValueTask<int> ReadAsync(Stream part, byte[] buffer, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await part.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (MultipartContext.IsDamage(e))
        {
            throw BuildContexts.Invalid($"The form is truncated or damaged in '{TarText.Printable(name)}'.", e);
        }
    }

    /// <summary>A file without a name: the kernel deletes it when it is closed, also after a crash.</summary>
    public static FileStream CreateFile()
    {
        var path = Path.Combine(Path.GetTempPath(), "containerapi-form-" + Path.GetRandomFileName());
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(path, options);
        File.Delete(path);
        return file;
    }
}
