using System.Text;

namespace ContainerApi.Api;

/// <summary>Comma-separated values as in RFC 4180: CRLF after each record, quotes where a value needs them.</summary>
internal static class Csv
{
    public static string Write(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<CsvValue>> rows)
    {
        var text = new StringBuilder();
        Append(text, headings.Select(h => new CsvValue(h, IsOurs: true)));
        foreach (var row in rows)
        {
            Append(text, row);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, IEnumerable<CsvValue> record)
    {
        var separator = "";
        foreach (var value in record)
        {
            text.Append(separator).Append(Quoted(value.IsOurs ? value.Text : Harmless(value.Text)));
            separator = ",";
        }

        text.Append("\r\n");
    }

    /// <summary>
    /// A spreadsheet runs a cell that begins like a formula, also behind blanks and in full-width signs. An apostrophe
    /// in front makes it text.
    /// </summary>
    private static string? Harmless(string? text)
    {
        var first = text.AsSpan().TrimStart();
        return first.Length > 0 && first[0] is '=' or '+' or '-' or '@' or '＝' or '＋' or '－' or '＠'
            || text is ['\t' or '\r' or '\n', ..]
            ? "'" + text
            : text;
    }

    private static string Quoted(string? text) => text switch
    {
        null => "",
        // An empty list differs from an unknown value.
        "" => "\"\"",
        _ when text.AsSpan().IndexOfAny("\",\r\n") >= 0 || text[0] == ' ' || text[^1] == ' ' =>
            "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"",
        _ => text,
    };
}

/// <summary>One value; null is not known.</summary>
/// <param name="IsOurs">A number, a time or a word of our own, which no container can choose.</param>
internal readonly record struct CsvValue(string? Text, bool IsOurs);
