using System.ComponentModel;
using System.Runtime.InteropServices;
using ContainerApi.Builds.Contexts;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Engine.Host.Linux;

/// <summary>
/// The system calls of a walk. .NET tells neither a pipe nor a device from a file, would wait for ever for a pipe that took a
/// file's place, and needs a second call for the status and three more for every file that it opens.
/// </summary>
internal static class LinuxFiles
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int DoNotFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint BasicFields = 0x7FF; // STATX_BASIC_STATS
    private const int NoEntry = 2; // ENOENT
    private const int AccessDenied = 13; // EACCES
    private const int NotADirectory = 20; // ENOTDIR
    private const int Interrupted = 4; // EINTR

    /// <summary>O_CLOEXEC, O_NONBLOCK and O_NOFOLLOW; the last one differs on ARM.</summary>
    private static readonly int Opening = 0x80000 | 0x800
        | (RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 ? 0x8000 : 0x20000);

    /// <exception cref="FileNotFoundException">There is nothing of this name.</exception>
    /// <exception cref="UnauthorizedAccessException">A directory on the way may not be searched.</exception>
    public static FileStatus Status(FilePath path)
    {
        StatusFields fields = default;
        if (statx(CurrentDirectory, in MemoryMarshal.GetReference(path.ZeroTerminated), DoNotFollow, BasicFields, ref fields) != 0)
        {
            throw Failure();
        }

        return new FileStatus(KindOf(fields.Mode), fields.Mode & 0xFFF, fields.Size, fields.ModifiedAt);
    }

    /// <summary>Opens a file for reading and never waits, also where it became a pipe meanwhile; a symbolic link is not followed.</summary>
    /// <exception cref="FileNotFoundException">There is nothing of this name.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeFileHandle Open(FilePath path)
    {
        var descriptor = open(in MemoryMarshal.GetReference(path.ZeroTerminated), Opening);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure();
    }

    /// <returns>How many bytes; 0 at the end.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static int Read(SafeFileHandle file, Span<byte> buffer)
    {
        while (true)
        {
            var count = (int)read(file, ref MemoryMarshal.GetReference(buffer), buffer.Length);
            if (count >= 0)
            {
                return count;
            }

            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw Failure();
            }
        }
    }

    private static Exception Failure()
    {
        var error = Marshal.GetLastPInvokeError();
        return error switch
        {
            NoEntry or NotADirectory => new FileNotFoundException(),
            AccessDenied => new UnauthorizedAccessException(),
            _ => new IOException(new Win32Exception(error).Message),
        };
    }

    private static FileKind KindOf(int mode) => (mode & 0xF000) switch
    {
        0x8000 => FileKind.File,
        0x4000 => FileKind.Directory,
        0xA000 => FileKind.Symlink,
        0xC000 => FileKind.Socket,
        _ => FileKind.Special,
    };

#pragma warning disable SYSLIB1054 // A source-generated import would need unsafe code in the whole project.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(int directory, ref readonly byte path, int flags, uint mask, ref StatusFields status);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open(ref readonly byte path, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint read(SafeFileHandle file, ref byte buffer, nint count);
#pragma warning restore SYSLIB1054

    /// <summary>The kernel's <c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatusFields
    {
        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(40)]
        public long Size;

        [FieldOffset(112)]
        public long ModifiedAt;
    }
}
