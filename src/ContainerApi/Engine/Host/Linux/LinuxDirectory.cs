using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Engine.Host.Linux;

/// <summary>
/// An open directory. Names are looked up in it and symbolic links are never followed, so that a path that changes while it is
/// walked leads nowhere else. Failures are exceptions as in <see cref="Libc.Checked"/>.
/// </summary>
internal sealed class LinuxDirectory : IDisposable
{
    private const int DirectoryBuffer = 32 * 1024;
    private readonly SafeFileHandle _handle;

    private LinuxDirectory(SafeFileHandle handle) => _handle = handle;

    /// <summary>Opens a directory by its real path, part by part.</summary>
    public static LinuxDirectory Open(string realPath)
    {
        using var found = Find(realPath);
        return found.OpenDirectory(".");
    }

    /// <summary>Opens a file for reading by its real path, part by part.</summary>
    public static SafeFileHandle OpenFile(string realPath)
    {
        using var directory = Find(Path.GetDirectoryName(realPath)!);
        return directory.OpenFileIn(Path.GetFileName(realPath));
    }

    /// <summary>Opens a file by its path below a directory. No part of the path may be a symbolic link.</summary>
    public static SafeFileHandle OpenFileBelow(string realPath, string path) => OpenFile(Path.Combine(realPath, path));

    /// <summary>Returns the type of a file by its real path; null if it does not exist or may not be found.</summary>
    public static FileKind? KindOf(string realPath)
    {
        try
        {
            using var directory = Find(Path.GetDirectoryName(realPath)!);
            return directory.Status(Path.GetFileName(realPath)).Kind;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Resolves all symbolic links of a path; null if a part does not exist or cannot be read.</summary>
    public static string? RealPath(string path) => path.Contains('\0', StringComparison.Ordinal) ? null : Libc.RealPath(Name(path));

    public LinuxDirectory OpenDirectory(string name) => new(Libc.Open(_handle, Name(name), Libc.DirectoryFlags));

    /// <summary>Opens a file for reading. Never waits, not even if a pipe took its place.</summary>
    public SafeFileHandle OpenFileIn(string name) => Libc.Open(_handle, Name(name), Libc.FileFlags);

    /// <summary>Reads the status of an entry.</summary>
    public FileStatus Status(string name) => Libc.Status(_handle, Name(name));

    /// <summary>Reads the target of a symbolic link.</summary>
    public string ReadLink(string name) => Libc.ReadLink(_handle, Name(name));

    /// <summary>Lists the names of the entries in the order of their UTF-8 bytes, which BuildKit expects.</summary>
    public string[] Names()
    {
        var names = new List<string>();
        var buffer = new byte[DirectoryBuffer];
        while (Libc.ReadDirectory(_handle, buffer) is var length and > 0)
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

        names.Sort(SyncedEntry.ComparePaths);
        return [.. names];
    }

    public void Dispose() => _handle.Dispose();

    /// <summary>Opens a directory for look-ups only, which needs no right to read it.</summary>
    private static LinuxDirectory Find(string realPath)
    {
        var directory = new LinuxDirectory(Libc.Open(Libc.CurrentDirectory, "/\0"u8, Libc.SearchFlags));
        foreach (var part in realPath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            using var parent = directory;
            directory = new LinuxDirectory(Libc.Open(parent._handle, Name(part), Libc.SearchFlags));
        }

        return directory;
    }

    /// <summary>The zero-terminated name.</summary>
    private static byte[] Name(string name) => Encoding.UTF8.GetBytes(name + '\0');
}
