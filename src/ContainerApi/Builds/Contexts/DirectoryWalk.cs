using System.IO.Enumeration;
using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// One walk over a directory, in the order of the names, that writes what is not left out into an archive. It reads synchronously,
/// three or four system calls for each file: what waits is the pipe behind it.
/// </summary>
/// <param name="always">Sent whatever is left out, where it is there.</param>
internal sealed class DirectoryWalk(string root, DockerIgnore ignore, IReadOnlyList<string> always, TarContextWriter archive)
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private readonly FilePath _path = new(root);

    /// <summary>Directories above the current one that are left out themselves, as long as nothing below them was sent.</summary>
    private readonly List<(string Name, FileStatus Status)> _held = [];

    /// <exception cref="ApiException">Something cannot be read, or is nothing that a context holds.</exception>
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
                    await AddHeldAsync(cancellationToken);
                    await AddAsync(name, directory, file, status, cancellationToken);
                }

                if (status.Kind == FileKind.Directory)
                {
                    await AddDirectoryAsync(name, directory + "/" + file, isSent ? null : status, ignore.Judge(name, parent), cancellationToken);
                }
            }

            _path.Cut(length);
        }
    }

    /// <param name="held">Its status where it is left out itself: it is sent before the first thing below it that is sent.</param>
    private async ValueTask AddDirectoryAsync(string name, string path, FileStatus? held, DockerIgnore.MatchResult verdict, CancellationToken cancellationToken)
    {
        if (verdict.Excluded && !always.Any(a => a.StartsWith(name + "/", StringComparison.Ordinal)) && !ignore.MayIncludeBelow(name))
        {
            return;
        }

        if (held is { } status)
        {
            _held.Add((name, status));
        }

        await AddContentsAsync(path, name + "/", verdict, cancellationToken);
        _held.RemoveAll(h => h.Name == name);
    }

    private async ValueTask AddHeldAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, status) in _held)
        {
            await archive.AddDirectoryAsync(name, status.Mode, status.ModifiedAt, cancellationToken);
        }

        _held.Clear();
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
                throw BuildContexts.Invalid($"'{name}' is a pipe or a device: a context holds files, directories and symbolic links.");
        }
    }

    /// <summary>Null for what is left out and gone meanwhile: nobody misses it.</summary>
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

    /// <summary>What the caller is told of a failure of the file system; null for any other.</summary>
    private static ApiException? Unreadable(string name, Exception exception) => exception switch
    {
        UnauthorizedAccessException => BuildContexts.Invalid($"'{name}' may not be read by this service.", exception),
        FileNotFoundException or DirectoryNotFoundException => BuildContexts.Invalid($"'{name}' is gone, or its name is not UTF-8.", exception),
        IOException => BuildContexts.Invalid($"'{name}' cannot be read.", exception),
        _ => null,
    };
}
