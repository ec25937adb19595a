
namespace ContainerApi.Builds.Contexts;

/// <summary>Keeps a part of a form until its length is known.</summary>
internal static class Spool
{
    private const int MostInMemory = 256 * 1024;
    private const int Chunk = 64 * 1024;

    /// <summary>Reads all of it; the caller disposes what comes back, and nothing is left then, nor if the process dies before.</summary>
    /// <param name="left">How much of <paramref name="maxBytes"/> the context has left.</param>
    /// <exception cref="ApiException">It is longer than what is left, which is told as soon as it is passed, or cut short.</exception>
    public static async Task<Stream> ReadAsync(Stream part, string name, long left, long maxBytes, CancellationToken cancellationToken)
    {
        Stream kept = new MemoryStream();
        try
        {
            var buffer = new byte[Chunk];
            while (await ReadAsync(part, buffer, name, cancellationToken) is var read and > 0)
            {
                if (kept.Length + read > left)
                {
                    throw BuildContexts.TooLarge(maxBytes);
                }

                if (kept is MemoryStream memory && kept.Length + read > MostInMemory)
                {
                    kept = CreateFile();
                    memory.WriteTo(kept);
                }

                // Synchronously: .NET has no asynchronous file writes here, only threads that wait in our place.
                kept.Write(buffer, 0, read);
            }

            kept.Position = 0;
            return kept;
        }
        catch
        {
            await kept.DisposeAsync();
            throw;
        }
    }

    /// <summary>All of what is kept, from its beginning to its beginning.</summary>
    public static async Task<byte[]> BytesAsync(Stream kept, CancellationToken cancellationToken)
    {
        var bytes = new byte[kept.Length];
        await kept.ReadExactlyAsync(bytes, cancellationToken);
        kept.Position = 0;
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
            throw BuildContexts.Invalid($"The form is cut short or damaged in '{TarText.Printable(name)}'.", e);
        }
    }

    /// <summary>A file without a name: it goes when it is closed, whoever closes it.</summary>
    private static FileStream CreateFile()
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
