using System.Buffers;

namespace ContainerApi.Builds.Contexts;

/// <summary>The kinds of parts that a <c>.dockerignore</c> pattern has.</summary>
internal enum IgnoreTokenKind
{
    /// <summary>One character.</summary>
    Literal,

    /// <summary>One character of a set: <c>[a-z]</c>, or <c>\d</c> as in Go's regular expressions.</summary>
    Class,

    /// <summary><c>?</c>: one character except a slash.</summary>
    AnyCharacter,

    /// <summary><c>*</c>: characters except slashes.</summary>
    Star,

    /// <summary><c>**</c> at the end: anything.</summary>
    Anything,

    /// <summary><c>**/</c>: directories, or nothing. It takes two tokens, so that only its beginning can match nothing.</summary>
    Directories,

    /// <summary>The second token of <c>**/</c>: the rest of the directories.</summary>
    DirectoriesRest,

    /// <summary><c>^</c>, <c>\A</c>, <c>\z</c>, <c>\b</c> or <c>\B</c>, which the builders pass to a regular expression.</summary>
    Assertion,
}

/// <summary>One part of a <c>.dockerignore</c> pattern.</summary>
/// <param name="Character">The character of a literal, the letter of an assertion.</param>
/// <param name="Ranges">The ranges of a class, both ends included.</param>
internal sealed record IgnoreToken(IgnoreTokenKind Kind, char Character, IReadOnlyList<(char First, char Last)> Ranges, bool IsNegated)
{
    private static readonly IReadOnlyList<(char, char)> Digits = [('0', '9')];
    private static readonly IReadOnlyList<(char, char)> Words = [('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')];
    private static readonly IReadOnlyList<(char, char)> Blanks = [('\t', '\n'), ('\f', '\r'), (' ', ' ')];

    /// <summary>Matches one character of the path; adds the positions that can follow. Returns whether there are any.</summary>
    /// <param name="now">The positions before this character; those that this one reaches without a character are added.</param>
    public bool Advance(string path, int at, int position, Span<bool> now, Span<bool> next)
    {
        if (MatchesEmpty(path, at))
        {
            now[position + 1] = true;
        }

        var c = path[at];
        switch (Kind)
        {
            case IgnoreTokenKind.Star when c != '/':
            case IgnoreTokenKind.Anything:
                next[position] = true;
                return true;
            case IgnoreTokenKind.Directories:
                now[position + 2] = true;
                next[position + 1] = true;
                next[position + 2] |= c == '/';
                return true;
            case IgnoreTokenKind.DirectoriesRest:
                next[position] = true;
                next[position + 1] |= c == '/';
                return true;
            case IgnoreTokenKind.Literal when c == Character:
            case IgnoreTokenKind.AnyCharacter when c != '/':
            case IgnoreTokenKind.Class when Contains(c):
                next[position + 1] = true;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Whether the token matches no characters at this place of the path.</summary>
    public bool MatchesEmpty(string path, int at) => Kind switch
    {
        IgnoreTokenKind.Star or IgnoreTokenKind.Anything => true,
        IgnoreTokenKind.Assertion => Holds(path, at),
        _ => false,
    };

    private static readonly SearchValues<char> Special = SearchValues.Create(@"*?[]\^");

    /// <summary>Splits a pattern; null if <c>filepath.Match</c> or Go's regular expressions would not accept it.</summary>
    public static IReadOnlyList<IgnoreToken>? Parse(string text)
    {
        var parsed = new List<IgnoreToken>();
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

                    // "**" before literal text only is a suffix match in moby's patternmatcher: "**x" matches "ax".
                    var isSuffixMatch = i == 1 && !text.AsSpan(2).ContainsAny(Special);
                    parsed.AddRange(isSuffixMatch || i + 1 == text.Length
                        ? [Of(IgnoreTokenKind.Anything)] : [Of(IgnoreTokenKind.Directories), Of(IgnoreTokenKind.DirectoriesRest)]);
                    break;
                case '*':
                    parsed.Add(Of(IgnoreTokenKind.Star));
                    break;
                case '?':
                    parsed.Add(Of(IgnoreTokenKind.AnyCharacter));
                    break;
                case '^':
                    parsed.Add(Of(IgnoreTokenKind.Assertion, '^'));
                    break;
                case '[':
                    if (ParseClass(text, ref i) is not { } set)
                    {
                        return null;
                    }

                    parsed.Add(set);
                    break;
                case '\\':
                    if (++i == text.Length || Escaped(text[i]) is not { } escaped)
                    {
                        return null;
                    }

                    parsed.Add(escaped);
                    break;
                default:
                    parsed.Add(Of(IgnoreTokenKind.Literal, text[i]));
                    break;
            }
        }

        return parsed;
    }

    private static IgnoreToken Of(IgnoreTokenKind kind, char character = '\0') => new(kind, character, [], false);

    private bool Contains(char c)
    {
        foreach (var (first, last) in Ranges)
        {
            if (c >= first && c <= last)
            {
                return !IsNegated;
            }
        }

        return IsNegated;
    }

    private bool Holds(string path, int at)
    {
        var isBoundary = (at > 0 && IsWord(path[at - 1])) != (at < path.Length && IsWord(path[at]));
        return Character switch
        {
            '^' or 'A' => at == 0,
            'z' => at == path.Length,
            'b' => isBoundary,
            _ => !isBoundary,
        };
    }

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    /// <summary>What a backslash and this character mean in Go's regular expressions; null if it is not an escape.</summary>
    private static IgnoreToken? Escaped(char c) => c switch
    {
        'd' or 'D' => new(IgnoreTokenKind.Class, c, Digits, c == 'D'),
        'w' or 'W' => new(IgnoreTokenKind.Class, c, Words, c == 'W'),
        's' or 'S' => new(IgnoreTokenKind.Class, c, Blanks, c == 'S'),
        'A' or 'z' or 'b' or 'B' => Of(IgnoreTokenKind.Assertion, c),
        _ => Unescape(c) is { } literal ? Of(IgnoreTokenKind.Literal, literal) : null,
    };

    /// <summary>The character that an escape stands for; null if there is none.</summary>
    private static char? Unescape(char c) => c switch
    {
        'a' => '\a',
        'f' => '\f',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\v',
        _ => char.IsAsciiLetterOrDigit(c) ? null : c,
    };

    /// <summary>From a <c>[</c> to its <c>]</c>: one or more of <c>c</c> and <c>c-c</c>, after an optional <c>^</c>.</summary>
    private static IgnoreToken? ParseClass(string text, ref int i)
    {
        var ranges = new List<(char, char)>();
        var isNegated = i + 1 < text.Length && text[i + 1] == '^';
        i += isNegated ? 2 : 1;
        while (ranges.Count == 0 || i >= text.Length || text[i] != ']')
        {
            if (!TryParseItem(text, ref i, ranges))
            {
                return null;
            }
        }

        return new IgnoreToken(IgnoreTokenKind.Class, '[', ranges, isNegated);
    }

    private static bool TryParseItem(string text, ref int i, List<(char, char)> ranges)
    {
        if (i < text.Length - 1 && text[i] == '\\' && Escaped(text[i + 1]) is { Kind: IgnoreTokenKind.Class, IsNegated: false } set)
        {
            ranges.AddRange(set.Ranges);
            i += 2;
            return i < text.Length;
        }

        if (!TryParseCharacter(text, ref i, out var first))
        {
            return false;
        }

        var last = first;
        if (text[i] == '-' && (++i >= text.Length || !TryParseCharacter(text, ref i, out last)))
        {
            return false;
        }

        ranges.Add((first, last));
        return first <= last;
    }

    /// <summary>One character of a class; another one must follow it.</summary>
    private static bool TryParseCharacter(string text, ref int i, out char character)
    {
        character = '\0';
        if (i >= text.Length || text[i] is '-' or ']')
        {
            return false;
        }

        var isEscaped = text[i] == '\\';
        if (isEscaped && ++i == text.Length)
        {
            return false;
        }

        var literal = isEscaped ? Unescape(text[i]) : text[i];
        character = literal ?? '\0';
        i++;
        return literal is not null && i < text.Length;
    }
}
