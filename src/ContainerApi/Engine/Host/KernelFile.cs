using System.Text;
using ContainerApi.Engine.Host.Linux;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Engine.Host;

/// <summary>Reads files that the kernel writes at the moment they are read.</summary>
internal static class KernelFile
{
    /// <summary>
    /// The kernel hands out at most a page at a time and starts a new one where the next line does not fit; lines are
    /// shorter than a quarter of a page, so an answer below this is the last. It saves the read that would say so.
    /// </summary>
    private const int SurelyTheLast = 3072;

    /// <summary>The path as the system calls want it.</summary>
    public static byte[] Path(string path) => Encoding.UTF8.GetBytes(path + "\0");

    /// <returns>How many bytes, as many as fit; -1 where it is not there (any more) or not ours to read.</returns>
    public static int Read(ReadOnlySpan<byte> path, Span<byte> buffer)
    {
        var descriptor = Libc.Open(path);
        if (descriptor < 0)
        {
            return -1;
        }

        var total = 0;
        int n;
        do
        {
            n = Libc.Read(descriptor, buffer[total..]);
            total += n;
        }
        while (n >= SurelyTheLast && total < buffer.Length);
        Libc.Close(descriptor);
        return n < 0 ? -1 : total;
    }

    /// <inheritdoc cref="Read(ReadOnlySpan{byte}, Span{byte})"/>
    public static int Read(SafeFileHandle file, Span<byte> buffer)
    {
        var total = 0;
        int n;
        do
        {
            n = Libc.Read(file, buffer[total..], total);
            total += n;
        }
        while (n >= SurelyTheLast && total < buffer.Length);
        return n < 0 ? -1 : total;
    }
}

/// <summary>
/// A file of a cgroup, read again at every pass. It stays open, since opening it costs ten times what reading it does,
/// and is opened anew where its cgroup was made anew, as at a restart of the container.
/// </summary>
internal sealed class ReopenedFile(string path, bool keepOpen) : IDisposable
{
    private readonly byte[] _path = KernelFile.Path(path);
    private SafeFileHandle? _file;

    /// <inheritdoc cref="KernelFile.Read(ReadOnlySpan{byte}, Span{byte})"/>
    public int Read(Span<byte> buffer)
    {
        if (!keepOpen)
        {
            return KernelFile.Read(_path, buffer);
        }

        if (_file is not null)
        {
            var n = KernelFile.Read(_file, buffer);
            if (n >= 0)
            {
                return n;
            }

            Dispose();
        }

        var descriptor = Libc.Open(_path);
        if (descriptor < 0)
        {
            return -1;
        }

        _file = new SafeFileHandle(descriptor, ownsHandle: true);
        return KernelFile.Read(_file, buffer);
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }
}
