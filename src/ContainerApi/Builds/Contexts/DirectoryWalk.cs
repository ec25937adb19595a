using ContainerApi.Archives;
using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// Walks a directory in the order of names and writes what is not excluded. Every entry is looked up in its open
/// parent directory, so that a directory that is replaced by a symbolic link meanwhile leads nowhere else. Reading is
/// synchronous, with three or four system calls for each file; only the pipe behind the archive is awaited.
/// </summary>
/// <param name="always">Sent even if it is excluded, if it exists.</param>
internal sealed class DirectoryWalk(LinuxDirectory root, DockerIgnore ignore, IReadOnlyList<string> always, IContextOutput output)
{
    /// <summary>Excluded parent directories of which nothing was sent yet.</summary>
    private readonly List<(string Name, FileStatus Status)> _pending = [];

    /// <exception cref="ApiException">An entry cannot be read or has an unsupported type.</exception>
    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AddContentsAsync(root, "", ignore.Root, cancellationToken);
        }
        catch (Exception e) when (Unreadable(".", e) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>Maps a file system failure to an error for the caller; null for any other exception.</summary>
    public static ApiException? Unreadable(string name, Exception exception) => exception switch
    {
        UnauthorizedAccessException => BuildContexts.Invalid($"'{name}' cannot be read: permission denied.", exception),
        FileNotFoundException => BuildContexts.Invalid($"'{name}' no longer exists, or its name is not UTF-8.", exception),
        IOException => BuildContexts.Invalid($"'{name}' cannot be read.", exception),
        _ => null,
    };

    private async ValueTask AddContentsAsync(
        LinuxDirectory directory, string prefix, DockerIgnore.MatchResult parent, CancellationToken cancellationToken)
    {
        foreach (var file in directory.Names())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = prefix + file;
            if (name.Length > TarText.MaxNameLength)
            {
                throw BuildContexts.Invalid($"'{TarText.Printable(name)}' is longer than {TarText.MaxNameLength} characters.");
            }

            var isSent = !ignore.Excludes(name, parent, cancellationToken) || always.Contains(name);
            var reading = name;
            try
            {
                var status = directory.Status(file);
                if (isSent)
                {
                    await AddPendingAsync(cancellationToken);
                    await AddAsync(name, directory, file, status, cancellationToken);
                }

                if (status.Kind == FileKind.Directory && ignore.Match(name, parent, cancellationToken) is var match && MayContainSent(name, match))
                {
                    reading = name + "/";
                    await AddDirectoryAsync(reading, directory, file, isSent ? null : status, match, cancellationToken);
                }
            }
            catch (FileNotFoundException) when (!isSent && reading == name)
            {
                // An excluded entry was removed meanwhile.
            }
            catch (Exception e) when (Unreadable(reading, e) is { } refusal)
            {
                throw refusal;
            }
        }
    }

    private bool MayContainSent(string name, DockerIgnore.MatchResult match) =>
        !match.Excluded || always.Any(a => a.StartsWith(name + "/", StringComparison.Ordinal)) || ignore.MayIncludeBelow(name);

    /// <param name="name">The name with a slash at the end.</param>
    /// <param name="excluded">The status of a directory that is itself excluded: it is sent before the first entry below it.</param>
    private async ValueTask AddDirectoryAsync(
        string name, LinuxDirectory parent, string file, FileStatus? excluded, DockerIgnore.MatchResult match, CancellationToken cancellationToken)
    {
        if (excluded is { } status)
        {
            _pending.Add((name, status));
        }

        using (var directory = parent.OpenDirectory(file))
        {
            await AddContentsAsync(directory, name, match, cancellationToken);
        }

        _pending.RemoveAll(p => p.Name == name);
    }

    private async ValueTask AddPendingAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, status) in _pending)
        {
            await output.AddDirectoryAsync(name.TrimEnd('/'), status, cancellationToken);
        }

        _pending.Clear();
    }

    private async ValueTask AddAsync(string name, LinuxDirectory directory, string file, FileStatus status, CancellationToken cancellationToken)
    {
        switch (status.Kind)
        {
            case FileKind.Directory:
                await output.AddDirectoryAsync(name, status, cancellationToken);
                break;
            case FileKind.Symlink:
                await output.AddSymlinkAsync(name, directory.ReadLink(file), status, cancellationToken);
                break;
            case FileKind.File:
                await output.AddFileAsync(name, directory, file, status, cancellationToken);
                break;
            case FileKind.Special:
                throw BuildContexts.Invalid($"'{name}' is a pipe or a device; a context may contain files, directories and symbolic links.");
        }
    }
}
