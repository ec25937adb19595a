using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// A directory of this host as a build context, without what its <c>.dockerignore</c> leaves out. Symbolic links are sent
/// as links and never followed; sockets are left out, as every client of the builders does.
/// </summary>
internal sealed class DirectoryContext
{
    private const long LargestIgnoreFile = 1024 * 1024;
    private const string IgnoreFile = ".dockerignore";

    private readonly string _root;
    private readonly DockerIgnore _ignore;

    /// <summary>Sent whatever is left out: the builder reads them. The ones that are not there are none.</summary>
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

    /// <param name="root">A real path, as <see cref="ContextRoots"/> gives it.</param>
    /// <param name="dockerfile">A path inside it; null looks for <c>Dockerfile</c>, then <c>dockerfile</c>.</param>
    /// <exception cref="ApiException">It has no such Dockerfile, or its <c>.dockerignore</c> is none.</exception>
    public static DirectoryContext Open(string root, string? dockerfile)
    {
        var name = FindDockerfile(root, dockerfile) ?? throw new ApiException(
            ErrorCode.InvalidDockerfile, $"The directory has no file '{dockerfile ?? BuildContexts.DefaultDockerfile}'.");
        var own = name + IgnoreFile;
        var ignoreFile = File.Exists(Path.Combine(root, own)) ? own : IgnoreFile;
        return new DirectoryContext(root, name, ignoreFile, ReadIgnore(root, ignoreFile));
    }

    /// <summary>Whether a directory could be built.</summary>
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

    /// <summary>The Dockerfile's text, through symbolic links inside the root; null where it is too large to be looked at, or gone.</summary>
    private string? ReadDockerfile()
    {
        try
        {
            return ContextRoots.RealPath(Path.Combine(_root, Dockerfile)) is { } real && ContextRoots.IsWithin(real, _root)
                && FileStatus.Of(real) is { Kind: FileKind.File, Size: <= BuildContexts.LargestDockerfile }
                ? File.ReadAllText(real)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The walk comes by it and says what is wrong.
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
            // A link that leads out would tell, in an error, what stands there.
            if (ContextRoots.RealPath(path) is not { } real || !ContextRoots.IsWithin(real, root))
            {
                return DockerIgnore.Empty;
            }

            var status = FileStatus.Of(real);
            return status.Kind == FileKind.File && status.Size <= LargestIgnoreFile
                ? DockerIgnore.Parse(File.ReadAllText(real))
                : throw BuildContexts.Invalid($"'{name}' is not a file, or larger than {LargestIgnoreFile} bytes.");
        }
        catch (FormatException e)
        {
            throw BuildContexts.Invalid($"'{name}' cannot be used. {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BuildContexts.Invalid($"'{name}' cannot be read.", e);
        }
    }
}
