using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// A directory of this host as a build context, filtered by its <c>.dockerignore</c>. Symbolic links are sent as links and
/// never followed; sockets are skipped, as in every client of the builders.
/// </summary>
internal sealed class DirectoryContext
{
    private const long MaxIgnoreFileBytes = 1024 * 1024;
    private const string IgnoreFile = ".dockerignore";

    private readonly string _root;
    private readonly DockerIgnore _ignore;

    /// <summary>Sent even if the ignore file excludes them, because the builder reads them. They need not exist.</summary>
    private readonly IReadOnlyList<string> _always;

    private DirectoryContext(string root, string dockerfile, string ignoreFile, DockerIgnore ignore)
    {
        _root = root;
        Dockerfile = dockerfile;
        _ignore = ignore;
        _always = [dockerfile, ignoreFile];
    }

    /// <summary>The Dockerfile's path inside the context.</summary>
    public string Dockerfile { get; }

    /// <param name="root">A real path from <see cref="ContextRoots"/>.</param>
    /// <param name="dockerfile">A path inside the root; null searches for <c>Dockerfile</c>, then <c>dockerfile</c>.</param>
    /// <exception cref="ApiException">The Dockerfile does not exist or the <c>.dockerignore</c> is invalid.</exception>
    public static DirectoryContext Open(string root, string? dockerfile)
    {
        var name = FindDockerfile(root, dockerfile) ?? throw new ApiException(
            ErrorCode.InvalidDockerfile, $"The directory does not contain '{dockerfile ?? BuildContexts.DefaultDockerfile}'.");
        var own = name + IgnoreFile;
        var ignoreFile = File.Exists(Path.Combine(root, own)) ? own : IgnoreFile;
        return new DirectoryContext(root, name, ignoreFile, ReadIgnore(root, ignoreFile));
    }

    /// <summary>Whether a directory contains a default Dockerfile.</summary>
    public static bool HasDockerfile(string root) => FindDockerfile(root, null) is not null;

    public BuildContext Write(long maxBytes) => async (output, check, cancellationToken) =>
    {
        if (ReadDockerfile() is { } text)
        {
            check(text);
        }

        var archive = new TarContextWriter(output, maxBytes);
        await new DirectoryWalk(_root, _ignore, _always, archive).RunAsync(cancellationToken);
        await archive.EndAsync(cancellationToken);
    };

    /// <summary>Reads the Dockerfile through symbolic links inside the root; null if it is too large to be checked or was removed.</summary>
    private string? ReadDockerfile()
    {
        try
        {
            return ContextRoots.RealPath(Path.Combine(_root, Dockerfile)) is { } real && ContextRoots.IsWithin(real, _root)
                && FileStatus.Of(real) is { Kind: FileKind.File, Size: <= BuildContexts.MaxDockerfileBytes }
                ? File.ReadAllText(real)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The walk reads the file again and reports the error.
            return null;
        }
    }

    private static string? FindDockerfile(string root, string? name)
    {
        IReadOnlyList<string> names = name is null
            ? [BuildContexts.DefaultDockerfile, BuildContexts.DefaultDockerfile.ToLowerInvariant()]
            : [string.Join('/', name.Split('/').Where(part => part is not ("" or ".")))];
        return names.FirstOrDefault(n =>
            ContextRoots.RealPath(Path.Combine(root, n)) is { } real
            && ContextRoots.IsWithin(real, root)
            && FileStatus.Of(real).Kind == FileKind.File);
    }

    private static DockerIgnore ReadIgnore(string root, string name)
    {
        var path = Path.Combine(root, name);
        try
        {
            // A link that points outside would reveal the target in an error.
            if (ContextRoots.RealPath(path) is not { } real || !ContextRoots.IsWithin(real, root))
            {
                return DockerIgnore.Empty;
            }

            var status = FileStatus.Of(real);
            return status.Kind == FileKind.File && status.Size <= MaxIgnoreFileBytes
                ? DockerIgnore.Parse(File.ReadAllText(real))
                : throw BuildContexts.Invalid($"'{name}' is not a file or is larger than {MaxIgnoreFileBytes} bytes.");
        }
        catch (FormatException e)
        {
            throw BuildContexts.Invalid($"'{name}' is invalid. {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BuildContexts.Invalid($"'{name}' cannot be read.", e);
        }
    }
}
