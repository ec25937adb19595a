using System.Text;

namespace ContainerApi.Builds.Contexts;

/// <summary>A <c>.dockerignore</c> file: which paths of a directory are not sent. Pure.</summary>
internal sealed class DockerIgnore
{
    public static readonly DockerIgnore Empty = new([]);

    private readonly DockerIgnorePattern[] _patterns;

    private DockerIgnore(IEnumerable<DockerIgnorePattern> patterns) => _patterns = [.. patterns];

    /// <summary>What the patterns said of the root, from which a walk starts: nothing.</summary>
    public MatchResult Root => new(new bool[_patterns.Length], false);

    /// <exception cref="FormatException">A line is not a pattern; the message names it.</exception>
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
            // An empty exception stays empty, it is an error; "/" alone is one too after "!", and matches nothing without it.
            path = path.Length == 0 ? "" : Clean(path);
            path = path.Length > 1 && path[0] == '/' ? path[1..] : isException && path == "/" ? "" : path;
            patterns.Add(DockerIgnorePattern.TryParse(path, isException, out var parsed)
                ? parsed
                : throw new FormatException($"Line {number}, '{pattern}', is not a pattern."));
        }

        return new DockerIgnore(patterns);
    }

    /// <summary>Whether a path is left out, by what was judged of the directory it lies in. As <see cref="Judge"/>, but remembers nothing for what lies below.</summary>
    public bool Excludes(string path, MatchResult parent)
    {
        var excluded = false;
        for (var i = 0; i < _patterns.Length; i++)
        {
            var pattern = _patterns[i];
            if (parent.Matched[i] || (pattern.IsException == excluded && pattern.Matches(path)))
            {
                excluded = !pattern.IsException;
            }
        }

        return excluded;
    }

    /// <summary>Judges a path by what was judged of the directory it lies in: a pattern that matched that one matches it as well.</summary>
    public MatchResult Judge(string path, MatchResult parent)
    {
        var matched = new bool[_patterns.Length];
        var excluded = false;
        for (var i = 0; i < _patterns.Length; i++)
        {
            // A pattern that could not change the result is not tried, and does not count as matched below.
            var pattern = _patterns[i];
            if (parent.Matched[i] || (pattern.IsException == excluded && pattern.Matches(path)))
            {
                matched[i] = true;
                excluded = !pattern.IsException;
            }
        }

        return new MatchResult(matched, excluded);
    }

    /// <summary>Whether something below an excluded directory may be sent after all, so that it has to be looked into.</summary>
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

    /// <summary>Which patterns matched a path, and whether it is left out because of them.</summary>
    public readonly record struct MatchResult(bool[] Matched, bool Excluded);

    /// <summary>The shortest equal path, by its text alone: no empty, "." and, where it can be, ".." parts (Go's <c>path.Clean</c>).</summary>
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
