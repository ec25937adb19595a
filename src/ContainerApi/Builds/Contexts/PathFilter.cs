namespace ContainerApi.Builds.Contexts;

/// <summary>Finds the entries that BuildKit needs: the sources of <c>COPY</c>, as paths or patterns. Pure.</summary>
internal static class PathFilter
{
    private static readonly char[] Wildcards = ['*', '?', '[', '\\'];

    /// <summary>
    /// Returns the entries that match a pattern or are below such an entry, and their parent directories; all entries where a symbolic
    /// link may lead to other ones.
    /// </summary>
    /// <param name="entries">In the order of a walk.</param>
    public static IReadOnlyList<SyncedEntry> Find(
        IReadOnlyList<SyncedEntry> entries, IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        if (patterns.Count == 0 || Parse(patterns) is not { } filter)
        {
            return entries;
        }

        var (found, parents) = (new List<SyncedEntry>(), new List<SyncedEntry>());
        var matches = new Dictionary<string, DockerIgnore.MatchResult> { [""] = filter.Root };
        foreach (var entry in entries)
        {
            parents.RemoveAll(p => !entry.Path.StartsWith(p.Path + "/", StringComparison.Ordinal));
            var parent = matches[entry.Path[..Math.Max(0, entry.Path.LastIndexOf('/'))]];
            var isFound = filter.Excludes(entry.Path, parent, cancellationToken);
            if (entry.Kind == SyncedKind.Symlink && (isFound || LeadsOn(entry.Path, patterns)))
            {
                return entries;
            }

            if (entry.Kind == SyncedKind.Directory)
            {
                matches[entry.Path] = filter.Match(entry.Path, parent, cancellationToken);
            }

            if (isFound)
            {
                found.AddRange(parents);
                parents.Clear();
                found.Add(entry);
            }
            else if (entry.Kind == SyncedKind.Directory)
            {
                parents.Add(entry);
            }
        }

        return found;
    }

    /// <summary>Whether a pattern may continue behind a symbolic link.</summary>
    private static bool LeadsOn(string link, IReadOnlyList<string> patterns) => patterns.Any(pattern =>
        pattern.TrimStart('/').StartsWith(link + "/", StringComparison.Ordinal)
        || (pattern.IndexOfAny(Wildcards) is var wildcard and >= 0 && pattern.IndexOf('/', wildcard) > 0));

    /// <summary>The patterns as a filter; null if they mean something else in an ignore file.</summary>
    private static DockerIgnore? Parse(IReadOnlyList<string> patterns)
    {
        try
        {
            return patterns.Any(p => p.Trim() != p || p.Length == 0 || p[0] is '!' or '#' || p.Contains('\n', StringComparison.Ordinal))
                ? null
                : DockerIgnore.Parse(string.Join('\n', patterns));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
