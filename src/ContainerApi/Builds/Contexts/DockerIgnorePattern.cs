using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// One pattern of a <c>.dockerignore</c> file, with the semantics of Docker's builders (Go's
/// <c>filepath.Match</c> and <c>**</c>): anchored at the root, case-sensitive.
/// </summary>
internal sealed class DockerIgnorePattern
{
    private static readonly SearchValues<char> NotLiteral = SearchValues.Create("*?[]^");

    private readonly Func<string, bool> _matches;

    private DockerIgnorePattern(string text, bool isException, Func<string, bool> matches)
    {
        Text = text;
        IsException = isException;
        _matches = matches;
    }

    /// <summary>The pattern without <c>!</c>.</summary>
    public string Text { get; }

    /// <summary>Whether the pattern begins with <c>!</c> and includes what it matches.</summary>
    public bool IsException { get; }

    /// <param name="path">A path relative to the context's root, without leading and trailing slashes.</param>
    public bool Matches(string path) => _matches(path);

    /// <summary>Whether an exception can match something below an excluded directory.</summary>
    public bool MayMatchBelow(string directory)
    {
        var text = Text.EndsWith("/**", StringComparison.Ordinal) ? Text[..^3]
            : Text.EndsWith("/*", StringComparison.Ordinal) ? Text[..^2]
            : Text;
        return text.AsSpan().ContainsAny(@"*?[\") || Text.StartsWith(directory + "/", StringComparison.Ordinal);
    }

    /// <summary>Parses a cleaned pattern.</summary>
    public static bool TryParse(string text, bool isException, [NotNullWhen(true)] out DockerIgnorePattern? pattern)
    {
        pattern = null;
        if (text.Length == 0 || !IsWellFormed(text))
        {
            return false;
        }

        try
        {
            pattern = new DockerIgnorePattern(text, isException, ToMatch(text));
            return true;
        }
        catch (ArgumentException)
        {
            // Characters that are passed through may form an invalid regular expression, such as "[b-a]".
            return false;
        }
    }

    private static Func<string, bool> ToMatch(string text)
    {
        var wildcards = text.AsSpan().IndexOfAny(@"*?[]\");
        if (wildcards < 0)
        {
            return path => path == text;
        }

        if (text.EndsWith("**", StringComparison.Ordinal) && wildcards == text.Length - 2)
        {
            var prefix = text[..^2];
            return path => path.StartsWith(prefix, StringComparison.Ordinal);
        }

        if (text.StartsWith("**", StringComparison.Ordinal) && !text.AsSpan(2).ContainsAny(@"*?[]\"))
        {
            var suffix = text[2..];
            return path => path.EndsWith(suffix, StringComparison.Ordinal) || (suffix.StartsWith('/') && path.AsSpan().SequenceEqual(suffix.AsSpan(1)));
        }

        // The two most common forms need no expression: "(.*/)?[^/]*" before a literal matches anything.
        if (text.StartsWith("**/*", StringComparison.Ordinal) && IsLiteral(text.AsSpan(4)))
        {
            var ending = text[4..];
            return path => path.EndsWith(ending, StringComparison.Ordinal);
        }

        if (text.Length > 6 && text.StartsWith("**/", StringComparison.Ordinal) && text.EndsWith("/**", StringComparison.Ordinal) && IsLiteral(text.AsSpan(3..^3)))
        {
            var below = text[2..^2];
            return path => path.AsSpan().StartsWith(below.AsSpan(1), StringComparison.Ordinal) || path.Contains(below, StringComparison.Ordinal);
        }

        var expression = new Regex(ToExpression(text), RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking);
        var (head, tail) = Literals(text);
        return path => path.StartsWith(head, StringComparison.Ordinal) && path.EndsWith(tail, StringComparison.Ordinal) && expression.IsMatch(path);
    }

    private static bool IsLiteral(ReadOnlySpan<char> text) => !text.ContainsAny(NotLiteral) && !text.Contains('\\');

    /// <summary>The literal text with which every match begins and ends: it rejects most paths without the expression.</summary>
    private static (string Head, string Tail) Literals(string text)
    {
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

    /// <summary>Converts the pattern to a regular expression, as the builders do.</summary>
    internal static string ToExpression(string text)
    {
        var expression = new StringBuilder("^");
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '*' when i + 1 < text.Length && text[i + 1] == '*':
                    i++;
                    if (i + 1 < text.Length && text[i + 1] == '/')
                    {
                        i++;
                    }

                    expression.Append(i + 1 == text.Length ? ".*" : "(.*/)?");
                    break;
                case '*':
                    expression.Append("[^/]*");
                    break;
                case '?':
                    expression.Append("[^/]");
                    break;
                case '.' or '+' or '(' or ')' or '|' or '{' or '}' or '$':
                    expression.Append('\\').Append(text[i]);
                    break;
                case '\\':
                    i++;
                    expression.Append(Escaped(text[i]));
                    break;
                default:
                    expression.Append(text[i]);
                    break;
            }
        }

        // Not "$", which would also match before a newline at the end.
        return expression.Append(@"\z").ToString();
    }

    /// <summary>Translates an escape of Go's regular expressions, which are ASCII where .NET's are Unicode.</summary>
    private static string Escaped(char c) => c switch
    {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => @"[\t\n\f\r ]",
        'S' => @"[^\t\n\f\r ]",
        'a' or 'f' or 'n' or 'r' or 't' or 'v' or 'A' or 'z' or 'b' or 'B' => "\\" + c,
        _ when char.IsAsciiLetterOrDigit(c) => throw new ArgumentException($"'\\{c}' is not an escape."),
        '_' => "_",
        _ => char.IsAscii(c) ? "\\" + c : c.ToString(),
    };

    /// <summary>Whether <c>filepath.Match</c> accepts the pattern: ranges are complete and closed, and no backslash ends it.</summary>
    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && ++i == text.Length)
            {
                return false;
            }

            if (text[i] == '[' && !SkipRange(text, ref i))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>From a <c>[</c> to its <c>]</c>: one or more of <c>c</c> and <c>c-c</c>, after an optional <c>^</c>.</summary>
    private static bool SkipRange(string text, ref int i)
    {
        i++;
        if (i < text.Length && text[i] == '^')
        {
            i++;
        }

        for (var items = 0; ; items++)
        {
            if (items > 0 && i < text.Length && text[i] == ']')
            {
                return true;
            }

            if (!SkipCharacter(text, ref i) || (text[i] == '-' && (++i >= text.Length || !SkipCharacter(text, ref i))))
            {
                return false;
            }
        }
    }

    /// <summary>One character of a range; something must follow it.</summary>
    private static bool SkipCharacter(string text, ref int i)
    {
        if (i >= text.Length || text[i] is '-' or ']')
        {
            return false;
        }

        if (text[i] == '\\' && ++i >= text.Length)
        {
            return false;
        }

        i++;
        return i < text.Length;
    }
}
