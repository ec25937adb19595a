using System.IO.Enumeration;
using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// Walks a directory in the order of names and writes what is not excluded into an archive. Reading is synchronous, with three
/// or four system calls for each file; only the pipe behind the archive is awaited.
/// </summary>
/// <param name="always">Sent even if it is excluded, if it exists.</param>
internal sealed class DirectoryWalk(string root, DockerIgnore ignore, IReadOnlyList<string> always, TarContextWriter archive)
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private readonly FilePath _path = new(root);

    /// <summary>Excluded parent directories of which nothing was sent yet.</summary>
    private readonly List<(string Name, FileStatus Status)> _pending = [];

    /// <exception cref="ApiException">An entry cannot be read or has an unsupported type.</exception>
    public ValueTask RunAsync(CancellationToken cancellationToken) => AddContentsAsync(root, "", ignore.Root, cancellationToken);

    private async ValueTask AddContentsAsync(string directory, string prefix, DockerIgnore.MatchResult parent, CancellationToken cancellationToken)
    {
        var length = _path.Length;
        foreach (var file in Names(directory, prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = prefix + file;
            var isSent = !ignore.Excludes(name, parent) || always.Contains(name);
            if (Status(name, file, isSent) is { } status)
            {
                if (isSent)
                {
                    await AddPendingAsync(cancellationToken);
                    await AddAsync(name, directory, file, status, cancellationToken);
                }

                if (status.Kind == FileKind.Directory)
                {
                    await AddDirectoryAsync(name, directory + "/" + file, isSent ? null : status, ignore.Match(name, parent), cancellationToken);
                }
            }

            _path.Cut(length);
        }
    }

    /// <param name="excludedStatus">The status of a directory that is itself excluded: it is sent before the first entry below it.</param>
    private async ValueTask AddDirectoryAsync(string name, string path, FileStatus? excludedStatus, DockerIgnore.MatchResult match, CancellationToken cancellationToken)
    {
        if (match.Excluded && !always.Any(a => a.StartsWith(name + "/", StringComparison.Ordinal)) && !ignore.MayIncludeBelow(name))
        {
            return;
        }

        if (excludedStatus is { } status)
        {
            _pending.Add((name, status));
        }

        await AddContentsAsync(path, name + "/", match, cancellationToken);
        _pending.RemoveAll(h => h.Name == name);
    }

    private async ValueTask AddPendingAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, status) in _pending)
        {
            await archive.AddDirectoryAsync(name, status.Mode, status.ModifiedAt, cancellationToken);
        }

        _pending.Clear();
    }

    private async ValueTask AddAsync(string name, string directory, string file, FileStatus status, CancellationToken cancellationToken)
    {
        switch (status.Kind)
        {
            case FileKind.Directory:
                await archive.AddDirectoryAsync(name, status.Mode, status.ModifiedAt, cancellationToken);
                break;
            case FileKind.Symlink:
                await archive.AddSymlinkAsync(name, Target(name, directory + "/" + file), status.ModifiedAt, cancellationToken);
                break;
            case FileKind.File:
                try
                {
                    using var content = LinuxFiles.Open(_path);
                    await archive.AddFileAsync(name, content, status, cancellationToken);
                }
                catch (Exception e) when (Unreadable(name, e) is { } refusal)
                {
                    throw refusal;
                }

                break;
            case FileKind.Special:
                throw BuildContexts.Invalid($"'{name}' is a pipe or a device; a context may contain files, directories and symbolic links.");
        }
    }

    /// <summary>Null if the entry is excluded and was removed meanwhile.</summary>
    private FileStatus? Status(string name, string file, bool isSent)
    {
        try
        {
            _path.Enter(file);
            return LinuxFiles.Status(_path);
        }
        catch (FileNotFoundException) when (!isSent)
        {
            return null;
        }
        catch (Exception e) when (Unreadable(name, e) is { } refusal)
        {
            throw refusal;
        }
    }

    private static string Target(string name, string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? throw new FileNotFoundException();
        }
        catch (Exception e) when (Unreadable(name, e) is { } refusal)
        {
            throw refusal;
        }
    }

    private static string[] Names(string directory, string prefix)
    {
        try
        {
            string[] names = [.. new FileSystemEnumerable<string>(directory, (ref FileSystemEntry entry) => entry.FileName.ToString(), Everything)];
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        }
        catch (Exception e) when (Unreadable(prefix.Length == 0 ? "." : prefix, e) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>Maps a file system failure to an error for the caller; null for any other exception.</summary>
    private static ApiException? Unreadable(string name, Exception exception) => exception switch
    {
        UnauthorizedAccessException => BuildContexts.Invalid($"'{name}' cannot be read: permission denied.", exception),
        FileNotFoundException or DirectoryNotFoundException => BuildContexts.Invalid($"'{name}' no longer exists, or its name is not UTF-8.", exception),
        IOException => BuildContexts.Invalid($"'{name}' cannot be read.", exception),
        _ => null,
    };
}
