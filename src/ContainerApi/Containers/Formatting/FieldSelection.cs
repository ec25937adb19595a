using ContainerApi.Api;

namespace ContainerApi.Containers.Formatting;

/// <summary>Writes columns of a row as JSON, those of a section as one object.</summary>
internal sealed class FieldSelection
{
    private static readonly FieldSelection Everything = new(ContainerColumns.All);

    private readonly IReadOnlyList<ContainerColumn> _columns;

    private FieldSelection(IReadOnlyList<ContainerColumn> columns) => _columns = columns;

    /// <param name="names">Names of columns, and of sections for all their columns; null for all columns.</param>
    public static FieldSelection Of(IReadOnlyList<string>? names) => names is null ? Everything
        : new([.. ContainerColumns.All.Where(c => names.Contains(c.Name) || (c.Parent is { } parent && names.Contains(parent)))]);

    public void Write(Utf8JsonWriter writer, ContainerRow row)
    {
        writer.WriteStartObject();
        WriteMembers(writer, row);
        writer.WriteEndObject();
    }

    public void WriteMembers(Utf8JsonWriter writer, ContainerRow row)
    {
        string? open = null;
        foreach (var column in _columns.Where(c => row.Has(c.Section)))
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
