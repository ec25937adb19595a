using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ContainerApi.Containers.Formatting;

/// <summary>
/// Splits a command line into arguments as a POSIX shell's quoting does (Shell Command Language, 2.2): blanks separate,
/// quotes and backslashes keep together. Nothing is expanded: no variables, no globs, no comments.
/// </summary>
internal static class CommandText
{
    /// <returns>False where a quote is not closed, or the last character is a backslash.</returns>
    public static bool TrySplit(string text, [NotNullWhen(true)] out IReadOnlyList<string>? arguments)
    {
        var found = new List<string>();
        var argument = new StringBuilder();
        // Empty quotes are an argument, too, so an empty builder does not tell.
        var begun = false;
        arguments = null;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case ' ' or '\t' or '\r' or '\n':
                    if (begun)
                    {
                        found.Add(argument.ToString());
                        argument.Clear();
                        begun = false;
                    }

                    break;
                case '\\':
                    if (++i == text.Length)
                    {
                        return false;
                    }

                    // Before the end of a line it only joins the next one.
                    if (text[i] != '\n')
                    {
                        argument.Append(text[i]);
                        begun = true;
                    }

                    break;
                case '\'' or '"':
                    if (!TryReadQuoted(text, ref i, argument))
                    {
                        return false;
                    }

                    begun = true;
                    break;
                default:
                    argument.Append(text[i]);
                    begun = true;
                    break;
            }
        }

        if (begun)
        {
            found.Add(argument.ToString());
        }

        arguments = found;
        return true;
    }

    /// <summary>Reads from the quote at <paramref name="i"/> to its partner, where it leaves <paramref name="i"/>.</summary>
    private static bool TryReadQuoted(string text, ref int i, StringBuilder argument)
    {
        var quote = text[i];
        while (++i < text.Length && text[i] != quote)
        {
            // A backslash means something in double quotes alone, and there before these four and a line's end alone.
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
