
namespace ContainerApi.Builds.Contexts;

/// <summary>The directories of this host that may be built by path. Paths outside of them are refused, symbolic links included.</summary>
internal sealed class ContextRoots(BuildOptions options)
{
    /// <summary>The number of symbolic links that Linux follows in one path.</summary>
    private const int MaxLinks = 40;

    /// <summary>Whether any context root is configured.</summary>
    public bool Any => options.ContextRoots.Count > 0;

    /// <summary>Returns the real path of a directory that a request names, absolute or relative to a root.</summary>
    /// <exception cref="ApiException">The directory is outside every root or does not exist.</exception>
    public string Resolve(string path) => Find(path) ?? throw BuildContexts.Invalid($"The directory '{path}' does not exist in any context root.");

    /// <summary>Like <see cref="Resolve"/>, but returns null if the directory does not exist.</summary>
    /// <exception cref="ApiException">The directory is outside every root.</exception>
    public string? Find(string path)
    {
        var candidates = (Path.IsPathRooted(path) ? [path] : options.ContextRoots.Select(root => Path.Combine(root, path)))
            .Select(Path.GetFullPath)
            .Where(candidate => options.ContextRoots.Any(root => IsWithin(candidate, Path.GetFullPath(root))))
            .ToList();
        if (candidates.Count == 0)
        {
            throw NotAllowed(path);
        }

        var found = candidates.Select(RealPath).FirstOrDefault(Directory.Exists);
        if (found is null)
        {
            return null;
        }

        return options.ContextRoots.Any(root => RealPath(Path.GetFullPath(root)) is { } real && IsWithin(found, real)) ? found : throw NotAllowed(path);
    }

    /// <summary>Whether <paramref name="path"/> is <paramref name="directory"/> or is inside it, by text alone.</summary>
    public static bool IsWithin(string path, string directory)
    {
        var prefix = directory.TrimEnd('/') + "/";
        return (path + "/").StartsWith(prefix, StringComparison.Ordinal);
    }

    /// <summary>Resolves all symbolic links; null if a part does not exist or cannot be read.</summary>
    public static string? RealPath(string path)
    {
        var pending = new Stack<string>(path.Split('/').Reverse());
        var real = "/";
        var links = 0;
        try
        {
            while (pending.TryPop(out var part))
            {
                if (part is "" or ".")
                {
                    continue;
                }

                var next = part == ".." ? Path.GetDirectoryName(real) ?? "/" : Path.Combine(real, part);
                if (new FileInfo(next).LinkTarget is { } target)
                {
                    if (++links > MaxLinks)
                    {
                        return null;
                    }

                    real = target.StartsWith('/') ? "/" : real;
                    foreach (var step in target.Split('/').Reverse())
                    {
                        pending.Push(step);
                    }

                    continue;
                }

                if (!Path.Exists(next))
                {
                    return null;
                }

                real = next;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return real;
    }

    private static ApiException NotAllowed(string path) =>
        new(ErrorCode.ContextPathNotAllowed, $"'{path}' is not inside a configured context root.");
}
