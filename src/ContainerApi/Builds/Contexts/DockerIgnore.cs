namespace ContainerApi.Builds.Contexts;

/// <summary>A <c>.dockerignore</c> file: decides which paths of a directory are sent. Pure.</summary>
internal sealed class DockerIgnore
{
    /// <summary>The largest number of patterns in one file.</summary>
    public const int MaxPatterns = 10_000;

    public static readonly DockerIgnore Empty = new([]);

    private readonly DockerIgnorePattern[] _patterns;

    private DockerIgnore(IEnumerable<DockerIgnorePattern> patterns) => _patterns = [.. patterns];

    /// <summary>The match result of the root, from which a walk starts: no pattern matched.</summary>
    public MatchResult Root => new(new bool[_patterns.Length], false);

    /// <exception cref="FormatException">A line is not a valid pattern; the message contains it.</exception>
    public static DockerIgnore Parse(string text)
    {
        var patterns = new List<DockerIgnorePattern>();
        foreach (var (index, line) in text.TrimStart('\uFEFF').Split('\n').Index())
        {
            var number = index + 1;
            if (line.StartsWith('#') || line.Trim() is not { Length: > 0 } pattern)
            {
                continue;
            }

            var isException = pattern[0] == '!';
            var path = isException ? pattern[1..].Trim() : pattern;
            // An empty exception is an error, and so is "!/"; "/" alone matches nothing.
            path = path.Length == 0 ? "" : Clean(path);
            path = path.Length > 1 && path[0] == '/' ? path[1..] : isException && path == "/" ? "" : path;
            if (path.Length > DockerIgnorePattern.MaxLength || patterns.Count == MaxPatterns)
            {
                throw new FormatException(
                    $"Line {number}: at most {MaxPatterns} patterns of at most {DockerIgnorePattern.MaxLength} characters are allowed.");
            }

            patterns.Add(DockerIgnorePattern.Parse(path, isException) ?? throw new FormatException($"Line {number}: invalid pattern '{pattern}'."));
        }

        return new DockerIgnore(patterns);
    }

    /// <summary>Whether a path is excluded, given the match of its parent directory.</summary>
    public bool Excludes(string path, MatchResult parent, CancellationToken cancellationToken = default) =>
        Excludes(path, parent, null, cancellationToken);

    /// <summary>Matches a directory, given the match of its parent: a pattern that matched the parent matches what is below as well.</summary>
    public MatchResult Match(string path, MatchResult parent, CancellationToken cancellationToken = default)
    {
        var matched = new bool[_patterns.Length];
        return new MatchResult(matched, Excludes(path, parent, matched, cancellationToken));
    }

    /// <param name="matched">Receives the patterns that matched, if entries below the path follow.</param>
    private bool Excludes(string path, MatchResult parent, bool[]? matched, CancellationToken cancellationToken)
    {
        var excluded = false;
        for (var i = 0; i < _patterns.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // A pattern that cannot change the result is not tried and does not count as matched below.
            var pattern = _patterns[i];
            if (parent.Matched[i] || (pattern.IsException == excluded && pattern.Matches(path)))
            {
                matched?[i] = true;
                excluded = !pattern.IsException;
            }
        }

        return excluded;
    }

    /// <summary>Whether an exception may include something below an excluded directory, so that the walk must enter it.</summary>
    public bool MayIncludeBelow(string directory) => Array.Exists(_patterns, p => p.IsException && p.MayMatchBelow(directory));

    /// <summary>The patterns that matched a path, and whether they exclude it.</summary>
    public readonly record struct MatchResult(bool[] Matched, bool Excluded);

    /// <summary>Cleans a path by its text alone, as Go's <c>path.Clean</c>: no empty or "." parts, ".." resolved where possible.</summary>
    private static string Clean(string path)
    {
        var rooted = path[0] == '/';
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part == ".." && parts.Count > 0 && parts[^1] != "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or ".") && !(part == ".." && rooted))
            {
                parts.Add(part);
            }
        }

        return rooted ? "/" + string.Join('/', parts) : parts.Count == 0 ? "." : string.Join('/', parts);
    }
}
