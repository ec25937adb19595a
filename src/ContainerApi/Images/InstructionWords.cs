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
    public static string Expand(string word, Func<string, string?> valueOf, bool takesShort) => new Expansion(word, valueOf, takesShort).Until(null);

    private static void Finish(StringBuilder word, List<string> words)
    {
        if (word.Length > 0)
        {
            words.Add(word.ToString());
            word.Clear();
        }
    }

    /// <summary>One word on its way from its begin to its end.</summary>
    private sealed class Expansion(string word, Func<string, string?> valueOf, bool takesShort)
    {
        private int _at;

        public string Until(char? stop)
        {
            var expanded = new StringBuilder();
            while (_at < word.Length)
            {
                var c = word[_at++];
                if (c == stop)
                {
                    return expanded.ToString();
                }

                switch (c)
                {
                    case '\'':
                        var end = word.IndexOf('\'', _at);
                        expanded.Append(word, _at, (end < 0 ? throw new FormatException("a single quote is not closed.") : end) - _at);
                        _at = end + 1;
                        break;
                    case '"':
                        expanded.Append(Quoted());
                        break;
                    case '$':
                        expanded.Append(Variable());
                        break;
                    case '\\':
                        expanded.Append(_at < word.Length ? word[_at++].ToString() : "");
                        break;
                    default:
                        expanded.Append(c);
                        break;
                }
            }

            return stop is null ? expanded.ToString() : throw new FormatException("a variable has no closing brace.");
        }

        private string Quoted()
        {
            var expanded = new StringBuilder();
            while (_at < word.Length)
            {
                var c = word[_at++];
                switch (c)
                {
                    case '"':
                        return expanded.ToString();
                    case '$':
                        expanded.Append(Variable());
                        break;
                    // Here a backslash is one, except before what it can quote.
                    case '\\' when _at < word.Length && word[_at] is '"' or '$' or '\\':
                        expanded.Append(word[_at++]);
                        break;
                    default:
                        expanded.Append(c);
                        break;
                }
            }

            throw new FormatException("a double quote is not closed.");
        }

        private string? Variable()
        {
            if (_at == word.Length || word[_at] != '{')
            {
                return ReadName() is { Length: > 0 } plain ? valueOf(plain) : "$";
            }

            _at++;
            var name = ReadName();
            var value = name.Length == 0 ? throw new FormatException("a variable in braces has no name.") : valueOf(name);
            switch (_at < word.Length ? word[_at++] : '\0')
            {
                case '}':
                    return value;
                case ':' when _at < word.Length:
                    return Substitute(word[_at++], name, value, isMissing: string.IsNullOrEmpty(value), Until('}'));
                case '-' or '+' or '?' when takesShort:
                    return Substitute(word[_at - 1], name, value, isMissing: value is null, Until('}'));
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
        private string ReadName()
        {
            var start = _at;
            if (_at < word.Length && (char.IsAsciiDigit(word[_at]) || "@*#?-$!".Contains(word[_at])))
            {
                _at++;
                while (char.IsAsciiDigit(word[start]) && _at < word.Length && char.IsAsciiDigit(word[_at]))
                {
                    _at++;
                }

                return word[start.._at];
            }

            while (_at < word.Length && (char.IsLetterOrDigit(word[_at]) || word[_at] == '_'))
            {
                _at++;
            }

            return word[start.._at];
        }
    }
}
