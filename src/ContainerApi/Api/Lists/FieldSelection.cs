namespace ContainerApi.Api.Lists;

/// <summary>Writes columns of a row as JSON, those of one object as one object.</summary>
internal sealed class FieldSelection<TRow>
    where TRow : IRow<TRow>
{
    private static readonly FieldSelection<TRow> Everything = new(TRow.Columns.All);

    private readonly IReadOnlyList<Column<TRow>> _columns;

    private FieldSelection(IReadOnlyList<Column<TRow>> columns) => _columns = columns;

    /// <param name="names">Names of columns, and of objects for all their columns; null for all columns.</param>
    public static FieldSelection<TRow> Of(IReadOnlyList<string>? names) => names is null ? Everything
        : new([.. TRow.Columns.All.Where(c => names.Contains(c.Name) || (c.Parent is { } parent && names.Contains(parent)))]);

    public void Write(Utf8JsonWriter writer, TRow row)
    {
        writer.WriteStartObject();
        WriteMembers(writer, row);
        writer.WriteEndObject();
    }

    public void WriteMembers(Utf8JsonWriter writer, TRow row)
    {
        string? open = null;
        foreach (var column in _columns.Where(c => c.IsIn(row)))
        {
            if (column.Parent != open)
            {
                if (open is not null)
                {
                    writer.WriteEndObject();
                }

                if (column.Parent is { } parent)
                {
                    writer.WriteStartObject(parent);
                }

                open = column.Parent;
            }

            var value = column.Value(row);
            if (value is not null || column.Key != "reason")
            {
                writer.WritePropertyName(column.Key);
                JsonSerializer.Serialize(writer, value, value?.GetType() ?? typeof(object), WireJson.Options);
            }
        }

        if (open is not null)
        {
            writer.WriteEndObject();
        }
    }
}
