using System.Text;

namespace ContainerApi.Images;

/// <summary>Pure: the words of a Dockerfile instruction as the engine reads them (BuildKit <c>frontend/dockerfile/parser</c> and <c>shell/lex.go</c>).</summary>
internal static class InstructionWords
{
    /// <summary>Splits at blanks outside quotes; quotes and backslashes stay, for <see cref="Expand"/>.</summary>
    public static IReadOnlyList<string> Split(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                Finish(word, words);
                continue;
            }

            word.Append(c);
            if (c == '\\' && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
            }
            else if (c is '"' or '\'')
            {
                quote = quote == c ? '\0' : quote == '\0' ? c : quote;
            }
        }

        Finish(word, words);
        return words;
    }

    /// <summary>
    /// Takes quotes off and puts variables in: <c>$A</c>, <c>${A}</c>, <c>${A:-default}</c>, <c>${A:+instead}</c>,
    /// <c>${A:?must be}</c>; none in single quotes.
    /// </summary>
    /// <param name="valueOf">A variable's value; null where there is none.</param>
    /// <param name="takesShort">Whether <c>${A-default}</c> and the like, for which a variable that is empty is one that is there, are taken.</param>
    /// <exception cref="FormatException">The word has not the form; the message says why.</exception>
    public static string Expand(string word, Func<string, string?> valueOf, bool takesShort)
    {
        var at = 0;
        return ExpandUntil(null, word, ref at, valueOf, takesShort);
    }

    private static void Finish(StringBuilder word, List<string> words)
    {
        if (word.Length > 0)
        {
            words.Add(word.ToString());
            word.Clear();
        }
    }

    private static string ExpandUntil(char? stop, string word, ref int at, Func<string, string?> valueOf, bool takesShort)
    {
        var expanded = new StringBuilder();
        while (at < word.Length)
        {
            var c = word[at++];
            if (c == stop)
            {
                return expanded.ToString();
            }

            switch (c)
            {
                case '\'':
                    var end = word.IndexOf('\'', at);
                    expanded.Append(word, at, (end < 0 ? throw new FormatException("a single quote is not closed.") : end) - at);
                    at = end + 1;
                    break;
                case '"':
                    expanded.Append(ExpandQuoted(word, ref at, valueOf, takesShort));
                    break;
                case '$':
                    expanded.Append(ExpandVariable(word, ref at, valueOf, takesShort));
                    break;
                case '\\':
                    expanded.Append(at < word.Length ? word[at++].ToString() : "");
                    break;
                default:
                    expanded.Append(c);
                    break;
            }
        }

        return stop is null ? expanded.ToString() : throw new FormatException("a variable has no closing brace.");
    }

    private static string ExpandQuoted(string word, ref int at, Func<string, string?> valueOf, bool takesShort)
    {
        var expanded = new StringBuilder();
        while (at < word.Length)
        {
            var c = word[at++];
            switch (c)
            {
                case '"':
                    return expanded.ToString();
                case '$':
                    expanded.Append(ExpandVariable(word, ref at, valueOf, takesShort));
                    break;
                // Here a backslash is one, except before what it can quote.
                case '\\' when at < word.Length && word[at] is '"' or '$' or '\\':
                    expanded.Append(word[at++]);
                    break;
                default:
                    expanded.Append(c);
                    break;
            }
        }

        throw new FormatException("a double quote is not closed.");
    }

    private static string? ExpandVariable(string word, ref int at, Func<string, string?> valueOf, bool takesShort)
    {
        if (at == word.Length || word[at] != '{')
        {
            return ReadName(word, ref at) is { Length: > 0 } plain ? valueOf(plain) : "$";
        }

        at++;
        var name = ReadName(word, ref at);
        var value = name.Length == 0 ? throw new FormatException("a variable in braces has no name.") : valueOf(name);
        switch (at < word.Length ? word[at++] : '\0')
        {
            case '}':
                return value;
            case ':' when at < word.Length:
                return Substitute(word[at++], name, value, isMissing: string.IsNullOrEmpty(value), ExpandUntil('}', word, ref at, valueOf, takesShort));
            case '-' or '+' or '?' when takesShort:
                return Substitute(word[at - 1], name, value, isMissing: value is null, ExpandUntil('}', word, ref at, valueOf, takesShort));
            default:
                throw new FormatException($"the variable '{name}' in braces must end with '}}' or go on with ':'.");
        }
    }

    private static string? Substitute(char modifier, string name, string? value, bool isMissing, string other) => (modifier, isMissing) switch
    {
        ('-', true) or ('+', false) => other,
        ('-', false) or ('+', true) or ('?', false) => value,
        ('?', true) => throw new FormatException($"{name}: {other}"),
        _ => throw new FormatException($"':{modifier}' is no substitution."),
    };

    /// <summary>A name, a number, or one of the shell's special parameters; empty where there is none.</summary>
    private static string ReadName(string word, ref int at)
    {
        var start = at;
        if (at < word.Length && (char.IsAsciiDigit(word[at]) || "@*#?-$!".Contains(word[at])))
        {
            at++;
            while (char.IsAsciiDigit(word[start]) && at < word.Length && char.IsAsciiDigit(word[at]))
            {
                at++;
            }

            return word[start..at];
        }

        while (at < word.Length && (char.IsLetterOrDigit(word[at]) || word[at] == '_'))
        {
            at++;
        }

        return word[start..at];
    }
}
