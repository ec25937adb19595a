namespace ContainerApi.Engine.Host.Linux;

internal enum FileKind
{
    File,
    Directory,
    Symlink,
    Socket,

    /// <summary>A pipe or a device: opening it may wait for ever.</summary>
    Special,
}

/// <summary>The status of a file or directory; a symbolic link is not followed.</summary>
/// <param name="Mode">Permissions with the set-id and sticky bits.</param>
/// <param name="ModifiedAt">In whole seconds since 1970.</param>
/// <param name="Nanoseconds">The rest of <paramref name="ModifiedAt"/>.</param>
internal readonly record struct FileStatus(FileKind Kind, int Mode, long Size, long ModifiedAt, uint Nanoseconds = 0);
