using Microsoft.Data.Sqlite;

namespace ContainerApi.Builds.History;

/// <summary>Path of the store, and a lock that keeps other services out.</summary>
internal sealed class StoreFile : IDisposable
{
    private const string Name = "builds.db";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly FileStream _lock;

    private StoreFile(string path, FileStream held) => (Path, _lock) = (path, held);

    public string Path { get; }

    /// <param name="configured">Null is the platform's state directory, or the user's where that cannot be written.</param>
    /// <exception cref="IOException">It cannot be had, another service has it, or it is a symbolic link.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static StoreFile Take(string? configured)
    {
        var path = configured ?? System.IO.Path.Combine(
            StateDirectories().FirstOrDefault(IsWritable)
                ?? throw new UnauthorizedAccessException("No state directory is writable. Set Builds:StorePath."), Name);
        Create(System.IO.Path.GetDirectoryName(path)!);
        string[] files = [path, path + "-wal", path + "-shm", path + ".lock"];
        // SQLite would follow a link.
        if (files.FirstOrDefault(f => new FileInfo(f).LinkTarget is not null) is { } link)
        {
            throw new IOException($"'{link}' is a symbolic link.");
        }

        var held = Open(files[^1], FileShare.None);
        try
        {
            // Private, because build logs are confidential. SQLite gives its new files the mode of the first one.
            foreach (var file in files[..^1].Where(f => f == path || File.Exists(f)))
            {
                Open(file, FileShare.ReadWrite).Dispose();
            }

            return new StoreFile(path, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Sets a file aside that is no database any more, under a name that says when; a new one can take its place.</summary>
    public string SetAside(DateTimeOffset at)
    {
        var aside = $"{Path}.damaged-{at.UtcDateTime:yyyyMMddTHHmmssZ}";
        File.Move(Path, aside, overwrite: true);
        File.Delete(Path + "-wal");
        File.Delete(Path + "-shm");
        using (Open(Path, FileShare.ReadWrite))
        {
        }

        return aside;
    }

    public void Dispose() => _lock.Dispose();

    public static bool IsDamage(SqliteException exception) =>
        exception.SqliteErrorCode is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB;

    private static IEnumerable<string> StateDirectories()
    {
        if (OperatingSystem.IsLinux())
        {
            yield return "/var/lib/containerapi";
        }

        var user = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state && System.IO.Path.IsPathRooted(state) ? state
            : OperatingSystem.IsLinux() ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state")
            : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        yield return System.IO.Path.Combine(user.Length > 0 ? user : System.IO.Path.GetTempPath(), "containerapi");
    }

    private static bool IsWritable(string directory)
    {
        try
        {
            Create(directory);
            using var probe = new FileStream(
                System.IO.Path.Combine(directory, $".probe-{Guid.NewGuid():n}"),
                FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Create(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, Private | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Opens or creates a file, and gives it the private mode if it has another one.</summary>
    private static FileStream Open(string path, FileShare share)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Private;
        }

        var file = new FileStream(path, options);
        try
        {
            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(file.SafeFileHandle) != Private)
            {
                File.SetUnixFileMode(file.SafeFileHandle, Private);
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
