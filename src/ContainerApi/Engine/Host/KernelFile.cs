using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Engine.Host;

/// <summary>Reads files that the kernel generates on each read.</summary>
internal static class KernelFile
{
    /// <summary>
    /// The kernel returns at most a page per read and starts a new page if the next line does not fit. Lines are shorter than a
    /// quarter of a page, so a shorter result is the last one, which saves a read.
    /// </summary>
    private const int SurelyTheLast = 3072;

    /// <summary>Returns the path as zero-terminated UTF-8.</summary>
    public static byte[] Path(string path) => Encoding.UTF8.GetBytes(path + "\0");

    /// <returns>The number of bytes, at most the length of the buffer; -1 if the file does not exist or may not be read.</returns>
    public static int Read(ReadOnlySpan<byte> path, Span<byte> buffer)
    {
        var descriptor = Libc.Open(path);
        if (descriptor < 0)
        {
            return -1;
        }

        var n = Read(descriptor, buffer);
        Libc.Close(descriptor);
        return n;
    }

    /// <summary>Returns the text of a file that is read rarely; empty if it does not exist or may not be read.</summary>
    public static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Reads an open file from its start; the result is as above.</summary>
    public static int Read(int descriptor, Span<byte> buffer)
    {
        var total = 0;
        int n;
        do
        {
            n = Libc.Read(descriptor, buffer[total..], total);
            total += n;
        }
        while (n >= SurelyTheLast && total < buffer.Length);
        return n < 0 ? -1 : total;
    }
}

/// <summary>
/// A cgroup file that is read in every collection. It stays open, because opening costs ten times as much as reading, and is
/// reopened if the cgroup was created again, such as by a restart of the container.
/// </summary>
internal sealed class ReopenedFile(string path, bool keepOpen) : IDisposable
{
    private readonly byte[] _path = KernelFile.Path(path);
    private int _descriptor = -1;

    /// <inheritdoc cref="KernelFile.Read(ReadOnlySpan{byte}, Span{byte})"/>
    public int Read(Span<byte> buffer)
    {
        if (!keepOpen)
        {
            return KernelFile.Read(_path, buffer);
        }

        if (_descriptor >= 0 && KernelFile.Read(_descriptor, buffer) is var n and >= 0)
        {
            return n;
        }

        Dispose();
        _descriptor = Libc.Open(_path);
        return _descriptor < 0 ? -1 : KernelFile.Read(_descriptor, buffer);
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            Libc.Close(_descriptor);
            _descriptor = -1;
        }
    }
}
