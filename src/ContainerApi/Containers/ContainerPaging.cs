using System.Text.Json.Serialization;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>The order of rows: by one column, then by engine and id, so that the order is total and the same for every page.</summary>
internal sealed record ContainerSort(ContainerColumn Field, bool Descending) : IComparer<SortKey>, IParameterValue<ContainerSort>
{
    /// <summary>Newest first, as <c>docker ps</c>.</summary>
    public static readonly ContainerSort Default = new(ContainerColumns.Find("createdAt")!, Descending: true);

    public static string Expected { get; } =
        $"must be one of {string.Join(", ", ContainerColumns.All.Select(f => f.Name))}, prefixed with '-' for descending order.";

    /// <param name="text">The name of a column, prefixed with <c>-</c> for descending order.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out ContainerSort? sort)
    {
        var descending = text.StartsWith('-');
        sort = ContainerColumns.Find(descending ? text[1..] : text) is { } field ? new ContainerSort(field, descending) : null;
        return sort is not null;
    }

    public SortKey KeyOf(ContainerRow row)
    {
        var value = Field.Value(row);
        return new SortKey(ContainerColumn.Number(value), value is string or Enum ? Truncate(value.ToString()!) : null, row.Engine, row.Id);
    }

    /// <summary>A cursor contains the key, and a command can be very long, so only its first characters are compared.</summary>
    private static string Truncate(string text) =>
        text.Length <= MaxKey ? text
        : char.IsHighSurrogate(text[MaxKey - 1]) ? text[..(MaxKey - 1)]
        : text[..MaxKey];

    private const int MaxKey = 200;

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

    public override string ToString() => (Descending ? "-" : "") + Field.Name;
}

/// <summary>The position of a row in an order.</summary>
internal sealed record SortKey(double? Number, string? Text, string Engine, string Id)
{
    [JsonIgnore]
    public bool IsKnown => Number is not null || Text is not null;
}

/// <summary>
/// The sort key of a page's last row. It is no row number, so containers that appear or disappear between two pages neither
/// repeat nor hide a row.
/// </summary>
internal sealed record PagePosition(string Sort, SortKey Last);

/// <summary>Pure: sorts rows and cuts them to a page.</summary>
internal static class ContainerPaging
{
    /// <returns>The page, and the position of the next page or null.</returns>
    public static (IReadOnlyList<ContainerRow> Page, PagePosition? Next) Cut(
        IEnumerable<ContainerRow> rows, ContainerSort sort, PagePosition? after, int? limit)
    {
        var keyed = rows.Select(row => (Row: row, Key: sort.KeyOf(row)));
        if (after is not null)
        {
            keyed = keyed.Where(r => sort.Compare(r.Key, after.Last) > 0);
        }

        var ordered = keyed.ToList();
        ordered.Sort((a, b) => sort.Compare(a.Key, b.Key));
        return limit is { } most && ordered.Count > most
            ? ([.. ordered.Take(most).Select(r => r.Row)], new PagePosition(sort.ToString(), ordered[most - 1].Key))
            : ([.. ordered.Select(r => r.Row)], null);
    }
}
