using System.Text;

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
        var number = 0;
        foreach (var line in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;
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

            patterns.Add(DockerIgnorePattern.TryParse(path, isException, out var parsed)
                ? parsed
                : throw new FormatException($"Line {number}: invalid pattern '{pattern}'."));
        }

        return new DockerIgnore(patterns);
    }

    /// <summary>Whether a path is excluded, given the match of its parent directory. Like <see cref="Match"/>, without a result for entries
    /// below.</summary>
    public bool Excludes(string path, MatchResult parent, CancellationToken cancellationToken = default)
    {
        var excluded = false;
        for (var i = 0; i < _patterns.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var pattern = _patterns[i];
            if (parent.Matched[i] || (pattern.IsException == excluded && pattern.Matches(path)))
            {
                excluded = !pattern.IsException;
            }
        }

        return excluded;
    }

    /// <summary>Matches a path, given the match of its parent directory: a pattern that matched the parent matches the path as well.</summary>
    public MatchResult Match(string path, MatchResult parent, CancellationToken cancellationToken = default)
    {
        var matched = new bool[_patterns.Length];
        var excluded = false;
        for (var i = 0; i < _patterns.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // A pattern that cannot change the result is not tried and does not count as matched below.
            var pattern = _patterns[i];
            if (parent.Matched[i] || (pattern.IsException == excluded && pattern.Matches(path)))
            {
                matched[i] = true;
                excluded = !pattern.IsException;
            }
        }

        return new MatchResult(matched, excluded);
    }

    /// <summary>Whether an exception may include something below an excluded directory, so that the walk must enter it.</summary>
    public bool MayIncludeBelow(string directory)
    {
        foreach (var pattern in _patterns)
        {
            if (pattern.IsException && pattern.MayMatchBelow(directory))
            {
                return true;
            }
        }

        return false;
    }

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

        var cleaned = new StringBuilder(rooted ? "/" : "").AppendJoin('/', parts).ToString();
        return cleaned.Length == 0 ? "." : cleaned;
    }
}
