
namespace ContainerApi.Builds.Contexts;

/// <summary>The directories of this host that may be built by path. What lies outside of them cannot be named, also not through symbolic links.</summary>
internal sealed class ContextRoots(BuildOptions options)
{
    /// <summary>As many symbolic links as Linux follows in one path.</summary>
    private const int MostLinks = 40;

    /// <summary>Whether anything can be built by path.</summary>
    public bool Any => options.ContextRoots.Count > 0;

    /// <summary>The real path of a directory that a request names: absolute, or relative to a root.</summary>
    /// <exception cref="ApiException">It lies outside every root, or is not there.</exception>
    public string Resolve(string path) => Find(path) ?? throw BuildContexts.Invalid($"There is no directory '{path}' in the context roots.");

    /// <summary>As <see cref="Resolve"/>, but null where there is no such directory.</summary>
    /// <exception cref="ApiException">It lies outside every root.</exception>
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

    /// <summary>Whether <paramref name="path"/> is <paramref name="directory"/> or lies in it, by their texts.</summary>
    public static bool IsWithin(string path, string directory)
    {
        var prefix = directory.TrimEnd('/') + "/";
        return (path + "/").StartsWith(prefix, StringComparison.Ordinal);
    }

    /// <summary>The path without symbolic links, or null where a part is not there or cannot be looked at.</summary>
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
                    if (++links > MostLinks)
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
