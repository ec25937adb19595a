using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace ContainerApi.Builds.Context;

internal enum FileKind
{
    File,
    Directory,
    Symlink,
    Socket,

    /// <summary>A pipe or a device: to open one may wait for ever.</summary>
    Special,
}

/// <summary>What Linux says of a path, without following a symbolic link.</summary>
/// <param name="Mode">Permissions with the set-id and sticky bits.</param>
/// <param name="ModifiedAt">In whole seconds since 1970.</param>
/// <remarks>.NET tells neither a pipe nor a device from a file, and needs several calls for the rest; this is one.</remarks>
internal readonly record struct FileStatus(FileKind Kind, int Mode, long Size, long ModifiedAt)
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int DoNotFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint BasicFields = 0x7FF; // STATX_BASIC_STATS
    private const int NoEntry = 2; // ENOENT
    private const int NotADirectory = 20; // ENOTDIR
    private const int AccessDenied = 13; // EACCES

    /// <exception cref="FileNotFoundException">There is nothing of this name.</exception>
    /// <exception cref="UnauthorizedAccessException">A directory on the way may not be searched.</exception>
    public static FileStatus Of(string path)
    {
        // struct statx of linux/stat.h has one layout on every architecture.
        var answer = new byte[256];
        var name = new byte[Encoding.UTF8.GetByteCount(path) + 1];
        Encoding.UTF8.GetBytes(path, name);
        if (statx(CurrentDirectory, name, DoNotFollow, BasicFields, answer) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw error switch
            {
                NoEntry or NotADirectory => new FileNotFoundException(),
                AccessDenied => new UnauthorizedAccessException(),
                _ => new IOException(new Win32Exception(error).Message),
            };
        }

        var mode = MemoryMarshal.Read<ushort>(answer.AsSpan(28));
        return new FileStatus(
            KindOf(mode), mode & 0xFFF, MemoryMarshal.Read<long>(answer.AsSpan(40)), MemoryMarshal.Read<long>(answer.AsSpan(112)));
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
    private static extern int statx(int directory, byte[] path, int flags, uint mask, byte[] answer);
#pragma warning restore SYSLIB1054
}
