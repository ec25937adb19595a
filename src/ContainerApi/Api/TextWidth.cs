using Wcwidth;

namespace ContainerApi.Api;

/// <summary>Widths of texts in columns of a terminal.</summary>
internal static class TextWidth
{
    private const int EmojiVariationSelector = 0xFE0F;

    /// <summary>Counts the columns. A text element (a letter with its marks, an emoji sequence) is as wide as its widest rune.</summary>
    public static int Of(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.Length;
        }

        var width = 0;
        var elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            width += elements.GetTextElement().EnumerateRunes().Max(WidthOf);
        }

        return width;
    }

    /// <summary>Cuts to a number of text elements; the last one is <c>…</c> if the text is cut.</summary>
    public static string Cut(string text, int elements)
    {
        if (text.Length <= elements)
        {
            return text;
        }

        var starts = StringInfo.ParseCombiningCharacters(text);
        return starts.Length <= elements ? text : text[..starts[elements - 1]] + "…";
    }

    private static int WidthOf(Rune rune) => rune.Value == EmojiVariationSelector ? 2 : Math.Max(0, UnicodeCalculator.GetWidth(rune));
}
