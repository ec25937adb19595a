using System.Collections;

namespace ContainerApi.Api.Lists;

/// <summary>A row of a list. Engine and id together are unique.</summary>
internal interface IRow<TSelf>
    where TSelf : IRow<TSelf>
{
    string Engine { get; }
    string Id { get; }

    /// <summary>All columns, in the order of JSON.</summary>
    static abstract ColumnSet<TSelf> Columns { get; }
}

/// <summary>One column of a list.</summary>
/// <param name="Name">The JSON path, as in <c>name</c> and <c>network.rxBytes</c>.</param>
/// <param name="Value">Text, number, time, enum or list; null where it is unknown.</param>
/// <param name="Table">How the table shows the column; null where it does not.</param>
internal record Column<TRow>(string Name, Func<TRow, object?> Value, TableColumn<TRow>? Table = null)
{
    /// <summary>The JSON name of the object that has the field, or null for a field of the row itself.</summary>
    public string? Parent { get; } = Name.Contains('.') ? Name[..Name.IndexOf('.')] : null;

    public string Key { get; } = Name[(Name.IndexOf('.') + 1)..];

    /// <summary>Whether a row has the field: a part of it may not have been read.</summary>
    public virtual bool IsIn(TRow row) => true;

    /// <summary>Whether a table of these rows has the column.</summary>
    public virtual bool IsInAny(IReadOnlyList<TRow> rows) => true;

    /// <summary>The value as one text. Numbers are in bytes and milliseconds. List items contain no spaces, so spaces separate them.</summary>
    public virtual CsvValue Cell(object? value) => value switch
    {
        null => new CsvValue(null, IsTrusted: true),
        string text => new CsvValue(text, IsTrusted: false),
        DateTimeOffset time => new CsvValue(JsonSerializer.Serialize(time, WireJson.Options).Trim('"'), IsTrusted: true),
        Enum word => new CsvValue(JsonNamingPolicy.SnakeCaseLower.ConvertName(word.ToString()), IsTrusted: true),
        ErrorInfo error => new CsvValue($"{error.Code}: {error.Message}", IsTrusted: false),
        IEnumerable<KeyValuePair<string, string>> labels =>
            Joined("; ", labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}")),
        IEnumerable list => Joined(" ", list.Cast<object>().Select(TextOf)),
        IFormattable number => new CsvValue(number.ToString(null, CultureInfo.InvariantCulture), IsTrusted: true),
        _ => new CsvValue(TextOf(value), IsTrusted: false),
    };

    private static string TextOf(object value) =>
        value is string text ? text : JsonSerializer.Serialize(value, value.GetType(), WireJson.Options);

    protected static CsvValue Joined(string separator, IEnumerable<string> parts) => new(string.Join(separator, parts), IsTrusted: false);

    /// <summary>A value as a number: times in milliseconds since 1970, lists by their length. Null for text and enums.</summary>
    public static double? Number(object? value) => value switch
    {
        null or string or Enum => null,
        bool isTrue => isTrue ? 1 : 0,
        DateTimeOffset time => time.ToUnixTimeMilliseconds(),
        ICollection list => list.Count,
        IEnumerable list => list.Cast<object>().Count(),
        IConvertible number => Convert.ToDouble(number, CultureInfo.InvariantCulture),
        _ => null,
    };
}

/// <summary>How the table shows a column. It shows no column that no row has.</summary>
/// <param name="IsOptional">Whether a table has the column only where a row has a text in it.</param>
internal sealed record TableColumn<TRow>(
    int Position, string Heading, Func<TRow, DateTimeOffset, string?> Text, bool IsOptional = false);

/// <summary>All columns of a list. <c>fields</c>, <c>sort</c>, NDJSON, CSV and the table are made from it.</summary>
internal sealed class ColumnSet<TRow>
{
    private readonly Dictionary<string, Column<TRow>> _byName;

    /// <param name="rowType">The <c>type</c> of a row in NDJSON.</param>
    public ColumnSet(string rowType, IReadOnlyList<Column<TRow>> all)
    {
        (RowType, All) = (rowType, all);
        _byName = all.ToDictionary(c => c.Name, StringComparer.OrdinalIgnoreCase);
        Names = [.. all.Select(c => c.Name), .. all.Select(c => c.Parent).OfType<string>().Distinct()];
        Table = [.. all.Where(c => c.Table is not null).OrderBy(c => c.Table!.Position)];
    }

    public string RowType { get; }

    public IReadOnlyList<Column<TRow>> All { get; }

    /// <summary>The names that <c>fields</c> accepts: those of the columns, and of objects for all their fields.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The columns of the table, in its order.</summary>
    public IReadOnlyList<Column<TRow>> Table { get; }

    /// <summary>The name that <paramref name="text"/> is in another case; null for none.</summary>
    public string? FindName(string text) => Names.FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase));

    public Column<TRow>? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The columns with these names, in their order.</summary>
    public IEnumerable<Column<TRow>> Of(IReadOnlyList<string> names) =>
        names.Distinct().SelectMany(name => Find(name) is { } one ? [one] : All.Where(c => c.Parent == name));
}
