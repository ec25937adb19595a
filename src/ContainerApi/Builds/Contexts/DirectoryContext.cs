using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// A directory of this host as a build context, filtered by its <c>.dockerignore</c>. Symbolic links are sent as links and
/// never followed; sockets are skipped, as in every client of the builders.
/// </summary>
internal sealed class DirectoryContext
{
    public const int MaxIgnoreFileBytes = 1024 * 1024;
    public const string IgnoreFile = ".dockerignore";

    private readonly string _root;
    private readonly string _ignoreFile;

    /// <summary>The Dockerfile in place of one in the directory; null for none.</summary>
    private readonly byte[]? _text;

    private DirectoryContext(string root, string dockerfile, string ignoreFile, byte[]? text = null) =>
        (_root, Dockerfile, _ignoreFile, _text) = (root, dockerfile, ignoreFile, text);

    /// <summary>The Dockerfile's path inside the context.</summary>
    public string Dockerfile { get; }

    /// <param name="root">A real path from <see cref="ContextRoots"/>.</param>
    /// <param name="dockerfile">A path inside the root; null searches for <c>Dockerfile</c>, then <c>dockerfile</c>.</param>
    /// <param name="text">The Dockerfile in place of one in the directory; null for none.</param>
    /// <exception cref="ApiException">The Dockerfile does not exist.</exception>
    public static DirectoryContext Open(string root, string? dockerfile, string? text = null)
    {
        if (text is not null)
        {
            return new DirectoryContext(root, BuildContexts.DefaultDockerfile, IgnoreFile, Encoding.UTF8.GetBytes(text));
        }

        var name = FindDockerfile(root, dockerfile) ?? throw new ApiException(
            ErrorCode.InvalidDockerfile, $"The directory does not contain '{dockerfile ?? BuildContexts.DefaultDockerfile}'.");
        var own = name + IgnoreFile;
        var ignoreFile = File.Exists(Path.Combine(root, own)) ? own : IgnoreFile;
        return new DirectoryContext(root, name, ignoreFile);
    }

    /// <summary>Whether a directory contains a default Dockerfile.</summary>
    public static bool HasDockerfile(string root) => FindDockerfile(root, null) is not null;

    public BuildContext Write(long maxBytes) => async (output, check, cancellationToken) =>
    {
        if (ReadDockerfile() is { } text)
        {
            check(Encoding.UTF8.GetString(text));
        }

        using var root = OpenRoot();
        var archive = new TarContextWriter(output, maxBytes);
        // The builder reads these two files: they are sent even if the ignore file excludes them.
        await new DirectoryWalk(root, ReadIgnoreFile(), _text is null ? [Dockerfile, _ignoreFile] : [], archive).RunAsync(cancellationToken);
        await archive.EndAsync(cancellationToken);
    };

    /// <summary>
    /// Checks the Dockerfile and finds the entries for BuildKit, which reads contents later. Unlike an archive they do not have the
    /// Dockerfile and the ignore file if the latter excludes them. Returns null for a context that must be an archive.
    /// </summary>
    /// <exception cref="ApiException">The Dockerfile is invalid, an entry cannot be read, or the directory is too large.</exception>
    public async Task<DirectorySync?> PrepareAsync(long maxBytes, DockerfileCheck check, CancellationToken cancellationToken)
    {
        if (ReadDockerfile() is not { } text)
        {
            return null;
        }

        check(Encoding.UTF8.GetString(text));
        using var root = OpenRoot();
        var entries = new ContextEntries(maxBytes);
        await new DirectoryWalk(root, ReadIgnoreFile(), [], entries).RunAsync(cancellationToken);
        return entries.IsIncomplete ? null : new DirectorySync(_root, entries.Entries, Dockerfile, text);
    }

    private LinuxDirectory OpenRoot()
    {
        try
        {
            return LinuxDirectory.Open(_root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BuildContexts.Invalid("The context directory cannot be read.", e);
        }
    }

    /// <summary>Reads the Dockerfile; null if it is too large to be checked or was removed.</summary>
    private byte[]? ReadDockerfile()
    {
        try
        {
            return _text ?? Read(Dockerfile, BuildContexts.MaxDockerfileBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The walk reads the file again and reports the error.
            return null;
        }
    }

    private DockerIgnore ReadIgnoreFile()
    {
        try
        {
            // A link that points outside would reveal the target in an error.
            return RealPath(_root, _ignoreFile) is null ? DockerIgnore.Empty : ParseIgnoreFile(_ignoreFile, Read(_ignoreFile, MaxIgnoreFileBytes));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BuildContexts.Invalid($"'{_ignoreFile}' cannot be read.", e);
        }
    }

    /// <param name="bytes">The content; null if it is no file or larger than <see cref="MaxIgnoreFileBytes"/>.</param>
    /// <exception cref="ApiException">The ignore file is invalid.</exception>
    public static DockerIgnore ParseIgnoreFile(string name, byte[]? bytes)
    {
        try
        {
            return bytes is null ? throw BuildContexts.Invalid($"'{name}' is not a file or is larger than {MaxIgnoreFileBytes} bytes.")
                : Encoding.UTF8.GetString(bytes) is var text && BuildContexts.IsUtf16(text)
                    ? throw BuildContexts.Invalid($"'{name}' is encoded in UTF-16. Save it as UTF-8.")
                : DockerIgnore.Parse(text);
        }
        catch (FormatException e)
        {
            throw BuildContexts.Invalid($"'{name}' is invalid. {e.Message}", e);
        }
    }

    /// <summary>Reads a text file of the context, through symbolic links inside it; null if it is no file or too large.</summary>
    private byte[]? Read(string name, int maxBytes)
    {
        if (RealPath(_root, name) is not { } real)
        {
            return null;
        }

        using var file = LinuxDirectory.OpenFile(real);
        if (Libc.Status(file) is not { Kind: FileKind.File } status || status.Size > maxBytes)
        {
            return null;
        }

        var content = new byte[status.Size];
        var length = 0;
        while (length < content.Length && RandomAccess.Read(file, content.AsSpan(length), length) is var read and > 0)
        {
            length += read;
        }

        return content[..length];
    }

    /// <summary>The real path of an entry; null if it does not exist or is outside the root.</summary>
    private static string? RealPath(string root, string name) =>
        LinuxDirectory.RealPath(Path.Combine(root, name)) is { } real && ContextRoots.IsWithin(real, root) ? real : null;

    private static string? FindDockerfile(string root, string? name)
    {
        IReadOnlyList<string> names = name is null
            ? [BuildContexts.DefaultDockerfile, BuildContexts.DefaultDockerfile.ToLowerInvariant()]
            : [string.Join('/', name.Split('/').Where(part => part is not ("" or ".")))];
        return names.FirstOrDefault(n => RealPath(root, n) is { } real && LinuxDirectory.KindOf(real) == FileKind.File);
    }
}
