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

        var needsAll = false;
        var found = Select(entries, filter, IsNeeded, cancellationToken);
        return needsAll ? entries : found;

        bool IsNeeded(SyncedEntry entry, bool isMatch)
        {
            needsAll |= entry.Kind == SyncedKind.Symlink && (isMatch || LeadsOn(entry.Path, patterns));
            return isMatch;
        }
    }

    /// <summary>Returns the entries that an ignore file does not exclude, and their parent directories.</summary>
    /// <param name="entries">In the order of a walk.</param>
    /// <param name="always">Paths that are never excluded.</param>
    public static IReadOnlyList<SyncedEntry> Apply(
        DockerIgnore ignore, IReadOnlyList<SyncedEntry> entries, IReadOnlyList<string> always, CancellationToken cancellationToken) =>
        Select(entries, ignore, (entry, isExcluded) => !isExcluded || always.Contains(entry.Path), cancellationToken);

    private static List<SyncedEntry> Select(
        IReadOnlyList<SyncedEntry> entries, DockerIgnore filter, Func<SyncedEntry, bool, bool> isWanted, CancellationToken cancellationToken)
    {
        var found = new List<SyncedEntry>();
        // The directories above the entry, and how many of them were found.
        var (above, foundAbove) = (new List<(SyncedEntry Entry, DockerIgnore.MatchResult Match)>(), 0);
        foreach (var entry in entries)
        {
            while (above.Count > 0 && !IsBelow(entry.Path, above[^1].Entry.Path))
            {
                above.RemoveAt(above.Count - 1);
            }

            foundAbove = Math.Min(foundAbove, above.Count);
            var parent = above.Count > 0 ? above[^1].Match : filter.Root;
            if (isWanted(entry, filter.Excludes(entry.Path, parent, cancellationToken)))
            {
                found.AddRange(above.Skip(foundAbove).Select(directory => directory.Entry));
                found.Add(entry);
                foundAbove = above.Count + (entry.Kind == SyncedKind.Directory ? 1 : 0);
            }

            if (entry.Kind == SyncedKind.Directory)
            {
                above.Add((entry, filter.Match(entry.Path, parent, cancellationToken)));
            }
        }

        return found;
    }

    private static bool IsBelow(string path, string directory) =>
        path.Length > directory.Length && path[directory.Length] == '/' && path.StartsWith(directory, StringComparison.Ordinal);

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
