using ContainerApi.Builds.Contexts;

namespace ContainerApi.Engine.Host.Linux;

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
internal readonly record struct FileStatus(FileKind Kind, int Mode, long Size, long ModifiedAt)
{
    /// <exception cref="FileNotFoundException">There is nothing of this name.</exception>
    /// <exception cref="UnauthorizedAccessException">A directory on the way may not be searched.</exception>
    public static FileStatus Of(string path) => LinuxFiles.Status(new FilePath(path));
}
