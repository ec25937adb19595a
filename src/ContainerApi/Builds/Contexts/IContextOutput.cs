using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>Takes the entries of a directory in the order of a walk.</summary>
internal interface IContextOutput
{
    ValueTask AddDirectoryAsync(string name, FileStatus status, CancellationToken cancellationToken);

    /// <summary>Adds a symbolic link unchanged; inside the build it points into the context.</summary>
    ValueTask AddSymlinkAsync(string name, string target, FileStatus status, CancellationToken cancellationToken);

    /// <param name="directory">The open directory that contains the file.</param>
    /// <param name="file">The last part of the name.</param>
    ValueTask AddFileAsync(string name, LinuxDirectory directory, string file, FileStatus status, CancellationToken cancellationToken);
}
