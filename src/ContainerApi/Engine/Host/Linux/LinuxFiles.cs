using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Engine.Host.Linux;

/// <summary>
/// The system calls of a directory walk. .NET has no calls relative to an open directory, does not distinguish pipes and
/// devices from files, and would wait for ever for a pipe that took a file's place.
/// </summary>
internal static class LinuxFiles
{
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const int DoNotFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint BasicFields = 0x7FF; // STATX_BASIC_STATS
    private const int NoEntry = 2; // ENOENT
    private const int AccessDenied = 13; // EACCES
    private const int NotADirectory = 20; // ENOTDIR
    private const int Interrupted = 4; // EINTR
    private const int PathMax = 4096;
    private const int CloseOnExec = 0x80000; // O_CLOEXEC
    private const int PathOnly = 0x200000; // O_PATH

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64;

    /// <summary>O_CLOEXEC, O_NONBLOCK and O_NOFOLLOW; the last one differs on ARM.</summary>
    private static readonly int Opening = CloseOnExec | 0x800 | (IsArm ? 0x8000 : 0x20000);

    /// <summary>O_CLOEXEC, O_DIRECTORY and O_NOFOLLOW; the last two differ on ARM.</summary>
    private static readonly int OpeningDirectory = CloseOnExec | (IsArm ? 0x4000 | 0x8000 : 0x10000 | 0x20000);

    /// <exception cref="FileNotFoundException">The entry does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be searched.</exception>
    public static FileStatus Status(SafeFileHandle directory, ReadOnlySpan<byte> name) => Status(directory, name, DoNotFollow);

    /// <summary>Reads the status of an open file.</summary>
    /// <exception cref="IOException">The status cannot be read.</exception>
    public static FileStatus Status(SafeFileHandle file) => Status(file, "\0"u8, EmptyPath);

    /// <summary>Opens the root directory as a start for others.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle OpenRoot()
    {
        return Opened(open(in MemoryMarshal.GetReference("/\0"u8), OpeningDirectory | PathOnly));
    }

    /// <summary>Opens a directory in a directory.</summary>
    /// <exception cref="FileNotFoundException">It does not exist or is not a directory.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static SafeFileHandle OpenDirectory(SafeFileHandle parent, ReadOnlySpan<byte> name, bool forReading) =>
        Opened(openat(parent, in MemoryMarshal.GetReference(name), OpeningDirectory | (forReading ? 0 : PathOnly)));

    /// <summary>Opens a file for reading and never waits, even if a pipe took its place; a symbolic link is not followed.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static SafeFileHandle OpenFile(SafeFileHandle directory, ReadOnlySpan<byte> name) =>
        Opened(openat(directory, in MemoryMarshal.GetReference(name), Opening));

    /// <summary>Reads the target of a symbolic link.</summary>
    /// <exception cref="FileNotFoundException">The link does not exist.</exception>
    public static string ReadLink(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        Span<byte> target = stackalloc byte[PathMax];
        var length = readlinkat(directory, in MemoryMarshal.GetReference(name), ref MemoryMarshal.GetReference(target), target.Length);
        return length >= 0 ? Encoding.UTF8.GetString(target[..(int)length]) : throw Failure();
    }

    /// <summary>Reads the next entries of a directory as <c>struct linux_dirent64</c>. Returns their bytes; 0 at the end.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    public static int ReadDirectory(SafeFileHandle directory, Span<byte> buffer) =>
        (int)getdents64(directory, ref MemoryMarshal.GetReference(buffer), buffer.Length) is var length and >= 0 ? length : throw Failure();

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

    private static FileStatus Status(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags)
    {
        StatusFields fields = default;
        return statx(directory, in MemoryMarshal.GetReference(name), flags, BasicFields, ref fields) == 0
            ? new FileStatus(KindOf(fields.Mode), fields.Mode & 0xFFF, fields.Size, fields.ModifiedAt)
            : throw Failure();
    }

    private static SafeFileHandle Opened(int descriptor) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure();

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
    private static extern int statx(SafeFileHandle directory, ref readonly byte path, int flags, uint mask, ref StatusFields status);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open(ref readonly byte path, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int openat(SafeFileHandle directory, ref readonly byte name, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint readlinkat(SafeFileHandle directory, ref readonly byte name, ref byte target, nint length);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint getdents64(SafeFileHandle directory, ref byte entries, nint length);

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
