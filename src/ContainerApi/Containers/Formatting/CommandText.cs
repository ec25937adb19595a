using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ContainerApi.Containers.Formatting;

/// <summary>
/// Splits a command line into arguments by the quoting rules of a POSIX shell (Shell Command Language, 2.2). It expands
/// neither variables nor globs and has no comments.
/// </summary>
internal static class CommandText
{
    /// <returns>False for an unclosed quote or a trailing backslash.</returns>
    public static bool TrySplit(string text, [NotNullWhen(true)] out IReadOnlyList<string>? arguments)
    {
        var found = new List<string>();
        var argument = new StringBuilder();
        // Empty quotes are an argument, so an empty builder does not mean that there is none.
        var hasArgument = false;
        arguments = null;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case ' ' or '\t' or '\r' or '\n':
                    if (hasArgument)
                    {
                        found.Add(argument.ToString());
                        argument.Clear();
                        hasArgument = false;
                    }

                    break;
                case '\\':
                    if (++i == text.Length)
                    {
                        return false;
                    }

                    // A backslash before a line break joins the lines.
                    if (text[i] != '\n')
                    {
                        argument.Append(text[i]);
                        hasArgument = true;
                    }

                    break;
                case '\'' or '"':
                    if (!TryReadQuoted(text, ref i, argument))
                    {
                        return false;
                    }

                    hasArgument = true;
                    break;
                default:
                    argument.Append(text[i]);
                    hasArgument = true;
                    break;
            }
        }

        if (hasArgument)
        {
            found.Add(argument.ToString());
        }

        arguments = found;
        return true;
    }

    /// <summary>Reads from the quote at <paramref name="i"/> to the closing quote.</summary>
    private static bool TryReadQuoted(string text, ref int i, StringBuilder argument)
    {
        var quote = text[i];
        while (++i < text.Length && text[i] != quote)
        {
            // A backslash escapes only in double quotes, and there only these four characters and a line break.
            if (quote == '"' && text[i] == '\\' && i + 1 < text.Length && text[i + 1] is '$' or '`' or '"' or '\\' or '\n')
            {
                if (text[++i] == '\n')
                {
                    continue;
                }
            }

            argument.Append(text[i]);
        }

        return i < text.Length;
    }
}
