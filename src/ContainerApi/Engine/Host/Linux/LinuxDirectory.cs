using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Engine.Host.Linux;

/// <summary>
/// An open directory. Names are looked up in it and symbolic links are never followed, so that a path that changes while it is
/// walked leads nowhere else.
/// </summary>
internal sealed class LinuxDirectory : IDisposable
{
    private const int DirectoryBuffer = 32 * 1024;
    private readonly SafeFileHandle _handle;

    private LinuxDirectory(SafeFileHandle handle) => _handle = handle;

    /// <summary>Opens a directory by its real path, part by part.</summary>
    /// <exception cref="FileNotFoundException">A part does not exist or is no longer a directory.</exception>
    /// <exception cref="UnauthorizedAccessException">A part may not be opened.</exception>
    public static LinuxDirectory Open(string realPath)
    {
        using var found = Find(realPath);
        return found.OpenDirectory(".");
    }

    /// <summary>Opens a file for reading by its real path, part by part.</summary>
    /// <exception cref="FileNotFoundException">A part does not exist or has another type.</exception>
    /// <exception cref="UnauthorizedAccessException">A part may not be opened.</exception>
    public static SafeFileHandle OpenFile(string realPath)
    {
        var slash = realPath.LastIndexOf('/');
        using var directory = Find(realPath[..slash]);
        return directory.OpenFileIn(realPath[(slash + 1)..]);
    }

    /// <summary>Returns the type of a file by its real path; null if it does not exist or may not be found.</summary>
    public static FileKind? KindOf(string realPath)
    {
        try
        {
            var slash = realPath.LastIndexOf('/');
            using var directory = Find(realPath[..slash]);
            return directory.Status(realPath[(slash + 1)..]).Kind;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc cref="Open(string)"/>
    public LinuxDirectory OpenDirectory(string name) => new(LinuxFiles.OpenDirectory(_handle, Name(name), forReading: true));

    /// <summary>Opens a file for reading. Never waits, not even if a pipe took its place.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public SafeFileHandle OpenFileIn(string name) => LinuxFiles.OpenFile(_handle, Name(name));

    /// <summary>Reads the status of an entry.</summary>
    /// <exception cref="FileNotFoundException">The entry does not exist.</exception>
    public FileStatus Status(string name) => LinuxFiles.Status(_handle, Name(name));

    /// <summary>Reads the target of a symbolic link.</summary>
    /// <exception cref="FileNotFoundException">The link does not exist.</exception>
    public string ReadLink(string name) => LinuxFiles.ReadLink(_handle, Name(name));

    /// <summary>Lists the names of the entries in ordinal order.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    public string[] Names()
    {
        var names = new List<string>();
        var buffer = new byte[DirectoryBuffer];
        while (LinuxFiles.ReadDirectory(_handle, buffer) is var length and > 0)
        {
            // struct linux_dirent64: inode (8), offset (8), record length (2), type (1), zero-terminated name.
            for (var at = 0; at < length;)
            {
                var record = buffer.AsSpan(at, MemoryMarshal.Read<ushort>(buffer.AsSpan(at + 16)));
                at += record.Length;
                var name = record[19..];
                name = name[..name.IndexOf((byte)0)];
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                {
                    names.Add(Encoding.UTF8.GetString(name));
                }
            }
        }

        names.Sort(StringComparer.Ordinal);
        return [.. names];
    }

    /// <summary>Opens a directory for look-ups only, which needs no right to read it.</summary>
    private static LinuxDirectory Find(string realPath)
    {
        var directory = new LinuxDirectory(LinuxFiles.OpenRoot());
        foreach (var part in realPath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            using var parent = directory;
            directory = new LinuxDirectory(LinuxFiles.OpenDirectory(parent._handle, Name(part), forReading: false));
        }

        return directory;
    }

    public void Dispose() => _handle.Dispose();

    /// <summary>The zero-terminated name.</summary>
    private static byte[] Name(string name) => Encoding.UTF8.GetBytes(name + '\0');
}
