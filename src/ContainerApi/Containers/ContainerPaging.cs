using System.Buffers.Text;
using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ContainerApi.Containers.Formatting;

namespace ContainerApi.Containers;

/// <summary>An order of rows: by one field, then by engine and id, so that it is total and the same on every page.</summary>
internal sealed record ContainerSort(ContainerField Field, bool Descending) : IComparer<SortKey>
{
    /// <summary>Newest first, as <c>docker ps</c>.</summary>
    public static readonly ContainerSort Default = new(ContainerColumns.Find("createdAt")!, Descending: true);

    /// <param name="text">A field's name, <c>-</c> in front for descending.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out ContainerSort? sort)
    {
        var descending = text.StartsWith('-');
        sort = ContainerColumns.Find(descending ? text[1..] : text) is { } field ? new ContainerSort(field, descending) : null;
        return sort is not null;
    }

    public SortKey KeyOf(Container row) => Field.Value(row) switch
    {
        null => new SortKey(null, null, row.Engine, row.Id),
        string text => new SortKey(null, Head(text), row.Engine, row.Id),
        DateTimeOffset time => new SortKey(time.ToUnixTimeMilliseconds(), null, row.Engine, row.Id),
        Enum value => new SortKey(null, value.ToString(), row.Engine, row.Id),
        // A list is worth its length: containers with most ports, most processes.
        ICollection list => new SortKey(list.Count, null, row.Engine, row.Id),
        IEnumerable list => new SortKey(list.Cast<object>().Count(), null, row.Engine, row.Id),
        var number => new SortKey(Convert.ToDouble(number, CultureInfo.InvariantCulture), null, row.Engine, row.Id),
    };

    /// <summary>A command can be as long as the kernel allows, and a cursor must hold it: what is compared is its beginning.</summary>
    private static string Head(string text) =>
        text.Length <= LongestKey ? text
        : char.IsHighSurrogate(text[LongestKey - 1]) ? text[..(LongestKey - 1)]
        : text[..LongestKey];

    private const int LongestKey = 200;

    /// <summary>What is not known comes last, whichever way the order goes.</summary>
    public int Compare(SortKey? x, SortKey? y)
    {
        var (a, b) = (x!, y!);
        var order = (a.IsKnown, b.IsKnown) switch
        {
            (true, false) => -1,
            (false, true) => 1,
            (false, false) => 0,
            _ => Directed(a.Number is { } m && b.Number is { } n ? m.CompareTo(n) : string.CompareOrdinal(a.Text, b.Text)),
        };
        order = order != 0 ? order : string.CompareOrdinal(a.Engine, b.Engine);
        return order != 0 ? order : string.CompareOrdinal(a.Id, b.Id);
    }

    private int Directed(int order) => Descending ? -order : order;

    public override string ToString() => (Descending ? "-" : "") + Field.Name;
}

/// <summary>A row's place in an order.</summary>
internal sealed record SortKey(double? Number, string? Text, string Engine, string Id)
{
    [JsonIgnore]
    public bool IsKnown => Number is not null || Text is not null;
}

/// <summary>
/// Where a page ended: the last row's place, not its number, so that containers that come and go between two pages neither
/// repeat a row nor hide one.
/// </summary>
internal sealed record ContainerCursor(string Sort, SortKey Last)
{
    private const int LongestText = 4096;

    public string Encode() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this));

    public static bool TryDecode(string text, [NotNullWhen(true)] out ContainerCursor? cursor)
    {
        cursor = null;
        if (text.Length > LongestText || !Base64Url.IsValid(text))
        {
            return false;
        }

        try
        {
            cursor = JsonSerializer.Deserialize<ContainerCursor>(Base64Url.DecodeFromChars(text));
            return cursor is { Sort: not null, Last: { Engine: not null, Id: not null } };
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>Pure: rows in order, cut to a page.</summary>
internal static class ContainerPaging
{
    /// <returns>The page, and the cursor of the next one where there is more.</returns>
    public static (IReadOnlyList<T> Page, string? NextCursor) Cut<T>(
        IEnumerable<T> rows, Func<T, Container> picture, ContainerSort sort, ContainerCursor? after, int? limit)
    {
        var keyed = rows.Select(row => (Row: row, Key: sort.KeyOf(picture(row))));
        if (after is not null)
        {
            keyed = keyed.Where(r => sort.Compare(r.Key, after.Last) > 0);
        }

        var ordered = keyed.ToList();
        ordered.Sort((a, b) => sort.Compare(a.Key, b.Key));
        return limit is { } most && ordered.Count > most
            ? ([.. ordered.Take(most).Select(r => r.Row)], new ContainerCursor(sort.ToString(), ordered[most - 1].Key).Encode())
            : ([.. ordered.Select(r => r.Row)], null);
    }
}
