using System.Buffers;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// One pattern of a <c>.dockerignore</c> file, with the semantics of Docker's builders (Go's <c>filepath.Match</c> and
/// <c>**</c>): anchored at the root, case-sensitive.
/// </summary>
/// <remarks>
/// A pattern is a list of tokens, matched by a set of positions that moves over the path. Memory is linear in the pattern and
/// time in pattern times path, whatever the pattern: a regular expression took gigabytes for files of some kilobytes.
/// </remarks>
internal sealed class DockerIgnorePattern
{
    /// <summary>PATH_MAX: a longer pattern matches nothing that Linux can name, unless it repeats wildcards.</summary>
    public const int MaxLength = 4096;

    private static readonly SearchValues<char> NotLiteral = SearchValues.Create(@"*?[]^\");

    private readonly IReadOnlyList<IgnoreToken> _tokens;
    private readonly string _head;
    private readonly string _tail;

    private DockerIgnorePattern(string text, bool isException, IReadOnlyList<IgnoreToken> tokens)
    {
        Text = text;
        IsException = isException;
        _tokens = tokens;
        (_head, _tail) = Literals(text);
    }

    /// <summary>The pattern without <c>!</c>.</summary>
    public string Text { get; }

    /// <summary>Whether the pattern begins with <c>!</c> and includes what it matches.</summary>
    public bool IsException { get; }

    /// <param name="path">A path relative to the context's root, without leading and trailing slashes.</param>
    public bool Matches(string path) =>
        _head.Length == Text.Length
            ? path == Text
            : path.StartsWith(_head, StringComparison.Ordinal) && path.EndsWith(_tail, StringComparison.Ordinal) && MatchesTokens(path);

    /// <summary>Whether an exception can match something below an excluded directory.</summary>
    public bool MayMatchBelow(string directory)
    {
        var text = Text.EndsWith("/**", StringComparison.Ordinal) ? Text[..^3] : Text.EndsWith("/*", StringComparison.Ordinal) ? Text[..^2] : Text;
        return text.AsSpan().ContainsAny(@"*?[\") || Text.StartsWith(directory + "/", StringComparison.Ordinal);
    }

    /// <summary>Parses a cleaned pattern; null if it is invalid.</summary>
    public static DockerIgnorePattern? Parse(string text, bool isException) =>
        text.Length is > 0 and <= MaxLength && IgnoreToken.Parse(text) is { } tokens ? new DockerIgnorePattern(text, isException, tokens) : null;

    /// <summary>The literal text with which every match begins and ends: it rejects most paths without the tokens.</summary>
    private static (string Head, string Tail) Literals(string text)
    {
        // Docker's builders compare a text without wildcards as it is: there "^" is no assertion.
        if (!text.AsSpan().ContainsAny(@"*?[]\"))
        {
            return (text, "");
        }

        if (text.Contains('\\', StringComparison.Ordinal))
        {
            return ("", "");
        }

        var tail = text.AsSpan().LastIndexOfAny(NotLiteral) + 1;
        // "**/" may match nothing, including its slash.
        if (text.AsSpan(0, tail).EndsWith("**") && text.AsSpan(tail).StartsWith('/'))
        {
            tail++;
        }

        return (text[..text.AsSpan().IndexOfAny(NotLiteral)], text[tail..]);
    }

    /// <summary>Moves the set of reachable token positions over the path.</summary>
    private bool MatchesTokens(string path)
    {
        var length = _tokens.Count + 1;
        var rented = ArrayPool<bool>.Shared.Rent(2 * length);
        try
        {
            var now = rented.AsSpan(0, length);
            var next = rented.AsSpan(length, length);
            now.Clear();
            now[0] = true;
            for (var at = 0; at < path.Length; at++)
            {
                next.Clear();
                var isAlive = false;
                for (var n = 0; n < _tokens.Count; n++)
                {
                    if (now[n])
                    {
                        isAlive |= _tokens[n].Advance(path, at, n, now, next);
                    }
                }

                if (!isAlive)
                {
                    return false;
                }

                var free = now;
                now = next;
                next = free;
            }

            for (var n = 0; n < _tokens.Count; n++)
            {
                now[n + 1] |= now[n] && _tokens[n].MatchesEmpty(path, path.Length);
            }

            return now[^1];
        }
        finally
        {
            ArrayPool<bool>.Shared.Return(rented);
        }
    }
}
