using System.Text.Json.Serialization;

namespace ContainerApi.Api.Lists;

/// <summary>The order of rows: by one column, then by engine and id, so that the order is total and the same for every page.</summary>
internal sealed record ListSort<TRow>(Column<TRow> Field, bool Descending) : IComparer<SortKey>, IParameterValue<ListSort<TRow>>
    where TRow : IRow<TRow>
{
    /// <summary>A cursor contains the key, and a command can be very long, so only its first characters are compared.</summary>
    private const int MaxKey = 200;

    public static string Expected { get; } =
        $"must be one of {string.Join(", ", TRow.Columns.All.Select(f => f.Name))}, prefixed with '-' for descending order.";

    public static string ErrorOf(string text) =>
        $"has '{text}', which is not a field to sort by. "
        + $"Allowed: {string.Join(", ", TRow.Columns.All.Select(f => f.Name))}, prefixed with '-' for descending order.";

    /// <param name="text">The name of a column, prefixed with <c>-</c> for descending order.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out ListSort<TRow>? value)
    {
        var descending = text.StartsWith('-');
        value = TRow.Columns.Find(descending ? text[1..] : text) is { } field ? new ListSort<TRow>(field, descending) : null;
        return value is not null;
    }

    public SortKey KeyOf(TRow row)
    {
        var value = Field.Value(row);
        return new SortKey(Column<TRow>.Number(value), value is string or Enum ? Truncate(value.ToString()!) : null, row.Engine, row.Id);
    }

    private static string Truncate(string text) =>
        text.Length <= MaxKey ? text
        : char.IsHighSurrogate(text[MaxKey - 1]) ? text[..(MaxKey - 1)]
        : text[..MaxKey];

    /// <summary>Unknown values come last in both directions.</summary>
    public int Compare(SortKey? x, SortKey? y)
    {
        var (a, b) = (x!, y!);
        var order = a.IsKnown != b.IsKnown ? (a.IsKnown ? -1 : 1)
            : Directed(a.Number is { } m && b.Number is { } n ? m.CompareTo(n) : string.CompareOrdinal(a.Text, b.Text));
        order = order != 0 ? order : string.CompareOrdinal(a.Engine, b.Engine);
        return order != 0 ? order : string.CompareOrdinal(a.Id, b.Id);
    }

    private int Directed(int order) => Descending ? -order : order;

    /// <summary>Sorts rows and cuts them to a page.</summary>
    /// <param name="hasMore">Whether there are further rows behind these.</param>
    /// <returns>The page, and the position of the next page or null.</returns>
    public (IReadOnlyList<TRow> Page, PagePosition? Next) Cut(
        IEnumerable<TRow> rows, PagePosition? after, int? limit, bool hasMore = false)
    {
        var keyed = rows.Select(row => (Row: row, Key: KeyOf(row)));
        if (after is not null)
        {
            keyed = keyed.Where(r => Compare(r.Key, after.Last) > 0);
        }

        var ordered = keyed.ToList();
        ordered.Sort((a, b) => Compare(a.Key, b.Key));
        var count = Math.Min(limit ?? int.MaxValue, ordered.Count);
        return (
            [.. ordered.Take(count).Select(r => r.Row)],
            count > 0 && (hasMore || ordered.Count > count) ? new PagePosition(ToString(), ordered[count - 1].Key) : null);
    }

    public override string ToString() => (Descending ? "-" : "") + Field.Name;
}

/// <summary>The position of a row in an order.</summary>
internal sealed record SortKey(double? Number, string? Text, string Engine, string Id)
{
    [JsonIgnore]
    public bool IsKnown => Number is not null || Text is not null;
}

/// <summary>
/// The sort key of a page's last row. It is no row number, so rows that appear or disappear between two pages neither repeat nor
/// hide a row.
/// </summary>
internal sealed record PagePosition(string Sort, SortKey Last);
