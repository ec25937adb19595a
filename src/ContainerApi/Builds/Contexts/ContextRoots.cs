using ContainerApi.Engine.Host.Linux;

namespace ContainerApi.Builds.Contexts;

/// <summary>The directories of this host that may be built by path. Paths outside of them are refused, symbolic links included.</summary>
internal sealed class ContextRoots(BuildOptions options)
{
    /// <summary>Whether any context root is configured.</summary>
    public bool Any => options.ContextRoots.Count > 0;

    /// <summary>Returns the real path of a directory that a request names, absolute or relative to a root.</summary>
    /// <exception cref="ApiException">The directory is outside every root or does not exist.</exception>
    public string Resolve(string path) => Find(path) ?? throw BuildContexts.Invalid($"The directory '{path}' does not exist in any context root.");

    /// <summary>Like <see cref="Resolve"/>, but returns null if the directory does not exist.</summary>
    /// <exception cref="ApiException">The directory is outside every root.</exception>
    public string? Find(string path)
    {
        if (path.Contains('\0'))
        {
            throw NotAllowed(path);
        }

        var candidates = (Path.IsPathRooted(path) ? [path] : options.ContextRoots.Select(root => Path.Combine(root, path)))
            .Select(Path.GetFullPath).Where(candidate => options.ContextRoots.Any(root => IsWithin(candidate, Path.GetFullPath(root)))).ToList();
        if (candidates.Count == 0)
        {
            throw NotAllowed(path);
        }

        var found = candidates.Select(LinuxDirectory.RealPath).FirstOrDefault(Directory.Exists);
        return found is null || options.ContextRoots.Any(r => LinuxDirectory.RealPath(Path.GetFullPath(r)) is { } root && IsWithin(found, root))
            ? found
            : throw NotAllowed(path);
    }

    /// <summary>Whether <paramref name="path"/> is <paramref name="directory"/> or is inside it, by text alone.</summary>
    public static bool IsWithin(string path, string directory) =>
        (path + "/").StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static ApiException NotAllowed(string path) => new(ErrorCode.ContextPathNotAllowed, $"'{path}' is not inside a configured context root.");
}
