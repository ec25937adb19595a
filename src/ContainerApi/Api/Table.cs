namespace ContainerApi.Api;

/// <summary>Writes rows as aligned columns with three spaces between them, as Docker's command line does.</summary>
internal static class Table
{
    private const string Gap = "   ";

    /// <summary>Stands for an unknown value.</summary>
    public const string Unknown = "-";

    public static string Write(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string?>> rows)
    {
        var lines = rows.Select(row => row.Select(cell => cell is null ? Unknown : Visible(cell)).ToList()).Prepend([.. headings]).ToList();
        // Nothing follows the last column.
        var widths = headings.Select((_, n) => n == headings.Count - 1 ? 0 : lines.Max(line => TextWidth.Of(line[n]))).ToList();
        return string.Concat(lines.Select(line => string.Join(Gap, line.Zip(widths, Pad)) + "\n"));
    }

    /// <summary>
    /// Escapes what a terminal would execute: line breaks, escape sequences and marks that change the direction of writing. A container
    /// chooses its command line freely.
    /// </summary>
    public static string Visible(string text) =>
        text.EnumerateRunes().Any(IsHidden) ? string.Concat(text.EnumerateRunes().Select(Escape)) : text;

    private static string Escape(Rune rune) => rune.Value switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ when IsHidden(rune) => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
        _ => rune.ToString(),
    };

    private static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - TextWidth.Of(text)));

    /// <summary>The joiners U+200C and U+200D and the soft hyphen are parts of words and emoji.</summary>
    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
        UnicodeCategory.Format => rune.Value is not (0x200C or 0x200D or 0xAD),
        _ => false,
    };
}
