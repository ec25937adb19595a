namespace ContainerApi.Api;

/// <summary>Writes rows as aligned columns with three spaces between them, as Docker's command line does.</summary>
internal static class Table
{
    private const string Gap = "   ";

    /// <summary>Stands for an unknown value.</summary>
    public const string Unknown = "-";

    public static string Write(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string?>> rows)
    {
        var lines = rows.Select(row => row.Select(cell => cell is null ? Unknown : VisibleText.Escape(cell)).ToList())
            .Prepend([.. headings]).ToList();
        // Nothing follows the last column.
        var widths = headings.Select((_, n) => n == headings.Count - 1 ? 0 : lines.Max(line => TextWidth.Of(line[n]))).ToList();
        return string.Concat(lines.Select(line => string.Join(Gap, line.Zip(widths, Pad)) + "\n"));
    }

    private static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - TextWidth.Of(text)));
}
