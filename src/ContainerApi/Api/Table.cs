using System.Globalization;
using System.Text;

namespace ContainerApi.Api;

/// <summary>Rows in aligned columns, for people: three blanks between, as Docker's command line has them.</summary>
internal static class Table
{
    private const string Gap = "   ";

    /// <summary>What stands for what is not known.</summary>
    public const string Unknown = "-";

    public static string Write(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string?>> rows)
    {
        var lines = new List<IReadOnlyList<string>> { headings };
        lines.AddRange(rows.Select(row => (IReadOnlyList<string>)[.. row.Select(cell => cell is null ? Unknown : Visible(cell))]));
        var widths = new int[headings.Count];
        foreach (var line in lines)
        {
            for (var n = 0; n < widths.Length; n++)
            {
                widths[n] = Math.Max(widths[n], TextWidth.Of(line[n]));
            }
        }

        var text = new StringBuilder();
        foreach (var line in lines)
        {
            for (var n = 0; n < widths.Length; n++)
            {
                text.Append(line[n]);
                if (n < widths.Length - 1)
                {
                    text.Append(' ', widths[n] - TextWidth.Of(line[n])).Append(Gap);
                }
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>
    /// Shows what a terminal would obey: line breaks, escape sequences, and marks that turn the direction of writing. A
    /// command line is anything its container wants it to be.
    /// </summary>
    public static string Visible(string text)
    {
        if (!text.EnumerateRunes().Any(IsHidden))
        {
            return text;
        }

        var visible = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            visible.Append(rune.Value switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when IsHidden(rune) => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => rune.ToString(),
            });
        }

        return visible.ToString();
    }

    /// <summary>The joiners U+200C and U+200D belong to words and emoji.</summary>
    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
        UnicodeCategory.Format => rune.Value is not (0x200C or 0x200D or 0xAD),
        _ => false,
    };
}
