namespace ContainerApi.Api;

/// <summary>Text from outside as one visible line, in tables, text streams and logs: nothing in it acts on the terminal.</summary>
internal static partial class VisibleText
{
    private const int MaxLogLength = 2048;
    private const string Reset = "\e[0m";

    /// <summary>Escapes a text for a log line and cuts it.</summary>
    public static string ForLog(string text) => Escape(text.Length <= MaxLogLength ? text : string.Concat(text.AsSpan(0, MaxLogLength), "…"));

    /// <summary>
    /// A line of a program's output without the escape sequences of terminals (ECMA-48): colours, cursor movements, titles.
    /// </summary>
    /// <param name="keepColours">Whether colours stay, up to the end of the line.</param>
    public static string OfOutput(string line, bool keepColours = false) =>
        !line.Contains('\e', StringComparison.Ordinal) ? Escape(line, keepTabs: true)
        : !keepColours ? Escape(Sequence.Replace(line, ""), keepTabs: true)
        : string.Concat(Colour.Split(line).Select((part, i) => i % 2 == 1 ? part : OfOutput(part))) + Reset;

    /// <summary>
    /// Escapes control characters, line separators, lone surrogates, and format characters, which include those that change the direction
    /// of text (Unicode UAX 9).
    /// </summary>
    /// <param name="keepTabs">Whether tabs stay, as in the output of a program.</param>
    public static string Escape(string text, bool keepTabs = false)
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
                '\t' when keepTabs => "\t",
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

    /// <summary>Select Graphic Rendition. The group makes <c>Split</c> return the colours between the texts.</summary>
    [GeneratedRegex(@"(\x1B\[[0-9;:]*m)", RegexOptions.CultureInvariant)]
    private static partial Regex Colour { get; }

    [GeneratedRegex(@"\x1B(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1B]*(?:\x07|\x1B\\)?|[ -/]*[0-~])", RegexOptions.CultureInvariant)]
    private static partial Regex Sequence { get; }
}
