namespace ContainerApi.Api;

/// <summary>Comma-separated values as in RFC 4180: CRLF after each record, quotes where a value needs them.</summary>
internal static class Csv
{
    public static string Write(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<CsvValue>> rows) =>
        string.Concat(rows.Prepend([.. headings.Select(h => new CsvValue(h, IsTrusted: true))])
            .Select(row => string.Join(',', row.Select(v => Quote(v.IsTrusted ? v.Text : DisableFormula(v.Text)))) + "\r\n"));

    /// <summary>
    /// A spreadsheet runs a cell that begins like a formula, also after spaces and with full-width characters. A leading apostrophe
    /// makes the cell text.
    /// </summary>
    private static string? DisableFormula(string? text)
    {
        var first = text.AsSpan().TrimStart();
        return first is ['=' or '+' or '-' or '@' or '＝' or '＋' or '－' or '＠', ..] || text is ['\t' or '\r' or '\n', ..] ? "'" + text : text;
    }

    private static string Quote(string? text) => text switch
    {
        null => "",
        // An empty value differs from an unknown one.
        "" => "\"\"",
        [' ', ..] or [.., ' '] => Quoted(text),
        _ => text.AsSpan().ContainsAny("\",\r\n") ? Quoted(text) : text,
    };

    private static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>One value; null for an unknown value.</summary>
/// <param name="IsTrusted">Whether a container cannot choose the text: a number, a time or a word of this service.</param>
internal readonly record struct CsvValue(string? Text, bool IsTrusted);
