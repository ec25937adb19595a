using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Engine.Host.Linux;

/// <summary>
/// The imported system calls. .NET has no calls relative to an open directory, does not distinguish pipes and devices from files,
/// and would wait for ever for a pipe that took a file's place. A failure is a negative result: processes end all the time while
/// they are read, and an exception for each would cost more than the reads. Callers to whom it is an error use
/// <see cref="Checked"/>. Paths and names are zero-terminated UTF-8.
/// </summary>
internal static class Libc
{
    private const int PathMax = 4096;
    private const int CloseOnExec = 0x80000; // O_CLOEXEC
    private const int Interrupted = 4; // EINTR

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64;

    /// <summary>AT_FDCWD: relative to the current directory.</summary>
    public static readonly SafeFileHandle CurrentDirectory = new(-100, ownsHandle: false);

    /// <summary>O_CLOEXEC, O_NONBLOCK and O_NOFOLLOW to read a file; the last one differs on ARM.</summary>
    public static readonly int FileFlags = CloseOnExec | 0x800 | (IsArm ? 0x8000 : 0x20000);

    /// <summary>O_CLOEXEC, O_DIRECTORY and O_NOFOLLOW to list a directory; the last two differ on ARM.</summary>
    public static readonly int DirectoryFlags = CloseOnExec | (IsArm ? 0x4000 | 0x8000 : 0x10000 | 0x20000);

    /// <summary>O_PATH as well: for look-ups only.</summary>
    public static readonly int SearchFlags = DirectoryFlags | 0x200000;

    /// <summary>Returns the result of a call that succeeded.</summary>
    /// <exception cref="FileNotFoundException">The path does not exist or is not a directory.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission denied.</exception>
    /// <exception cref="IOException">Any other failure.</exception>
    public static int Checked(nint result) => result >= 0 ? (int)result : throw Marshal.GetLastPInvokeError() switch
    {
        2 or 20 => new FileNotFoundException(), // ENOENT, ENOTDIR
        13 => new UnauthorizedAccessException(), // EACCES
        var error => new IOException(new Win32Exception(error).Message),
    };

    /// <summary>Opens a file for reading, through symbolic links. Returns a descriptor for <see cref="Close"/>.</summary>
    public static int Open(ReadOnlySpan<byte> path) => openat(CurrentDirectory, in MemoryMarshal.GetReference(path), CloseOnExec);

    /// <summary>Opens a path in a directory; a symbolic link is not followed.</summary>
    public static SafeFileHandle Open(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags) =>
        new(Checked(openat(directory, in MemoryMarshal.GetReference(name), flags)), ownsHandle: true);

    public static void Close(int descriptor) => _ = close(descriptor);

    /// <summary>Reads from a position. Returns the number of bytes; 0 at the end.</summary>
    public static int Read(int descriptor, Span<byte> buffer, long offset) =>
        (int)pread(descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length, offset);

    /// <summary>Reads the next bytes. Returns their number; 0 at the end.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static int Read(SafeFileHandle file, Span<byte> buffer)
    {
        nint count;
        do
        {
            count = read(file, ref MemoryMarshal.GetReference(buffer), buffer.Length);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return Checked(count);
    }

    /// <summary>Reads the next entries of a directory as <c>struct linux_dirent64</c>. Returns their bytes; 0 at the end.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    public static int ReadDirectory(SafeFileHandle directory, Span<byte> buffer) =>
        Checked(getdents64(directory, ref MemoryMarshal.GetReference(buffer), buffer.Length));

    /// <summary>Reads the target of a symbolic link.</summary>
    /// <exception cref="FileNotFoundException">The link does not exist.</exception>
    public static string ReadLink(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        Span<byte> target = stackalloc byte[PathMax];
        var length = Checked(readlinkat(directory, in MemoryMarshal.GetReference(name), ref MemoryMarshal.GetReference(target), target.Length));
        return Encoding.UTF8.GetString(target[..length]);
    }

    /// <summary>Resolves all symbolic links of a path; null if a part does not exist or may not be searched.</summary>
    public static string? RealPath(ReadOnlySpan<byte> path)
    {
        Span<byte> real = stackalloc byte[PathMax];
        return realpath(in MemoryMarshal.GetReference(path), ref MemoryMarshal.GetReference(real)) == 0 ? null
            : Encoding.UTF8.GetString(real[..real.IndexOf((byte)0)]);
    }

    /// <summary>Reads the status of an entry; a symbolic link is not followed.</summary>
    /// <exception cref="FileNotFoundException">The entry does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be searched.</exception>
    public static FileStatus Status(SafeFileHandle directory, ReadOnlySpan<byte> name) => Status(directory, name, 0x100); // AT_SYMLINK_NOFOLLOW

    /// <summary>Reads the status of an open file.</summary>
    /// <exception cref="IOException">The status cannot be read.</exception>
    public static FileStatus Status(SafeFileHandle file) => Status(file, "\0"u8, 0x1000); // AT_EMPTY_PATH

    /// <summary>
    /// Whether a directory has no directory inside, by its number of links: its own, the one in its parent, and one from each inside.
    /// File systems that do not count like this have 1 and are not known to be leaves.
    /// </summary>
    public static bool IsLeaf(ReadOnlySpan<byte> directory)
    {
        StatusFields fields = default;
        return statx(CurrentDirectory, in MemoryMarshal.GetReference(directory), 0, 4, ref fields) == 0 && fields.Links == 2; // STATX_NLINK
    }

    private static FileStatus Status(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags)
    {
        StatusFields fields = default;
        Checked(statx(directory, in MemoryMarshal.GetReference(name), flags, 0x7FF, ref fields)); // STATX_BASIC_STATS
        var kind = (fields.Mode & 0xF000) switch
        {
            0x8000 => FileKind.File,
            0x4000 => FileKind.Directory,
            0xA000 => FileKind.Symlink,
            0xC000 => FileKind.Socket,
            _ => FileKind.Special,
        };
        return new FileStatus(kind, fields.Mode & 0xFFF, fields.Size, fields.ModifiedAt, fields.ModifiedNanoseconds);
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int openat(SafeFileHandle directory, ref readonly byte name, int flags);

    [DllImport("libc")]
    private static extern int close(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern nint pread(int descriptor, ref byte buffer, nint count, long offset);

    [DllImport("libc", SetLastError = true)]
    private static extern nint read(SafeFileHandle file, ref byte buffer, nint count);

    [DllImport("libc", SetLastError = true)]
    private static extern nint getdents64(SafeFileHandle directory, ref byte entries, nint length);

    [DllImport("libc", SetLastError = true)]
    private static extern nint readlinkat(SafeFileHandle directory, ref readonly byte name, ref byte target, nint length);

    [DllImport("libc")]
    private static extern nint realpath(ref readonly byte path, ref byte resolved);

    [DllImport("libc", SetLastError = true)]
    private static extern int statx(SafeFileHandle directory, ref readonly byte path, int flags, uint mask, ref StatusFields status);

    /// <summary>The kernel's <c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatusFields
    {
        [FieldOffset(16)]
        public uint Links;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(40)]
        public long Size;

        [FieldOffset(112)]
        public long ModifiedAt;

        [FieldOffset(120)]
        public uint ModifiedNanoseconds;
    }
}
