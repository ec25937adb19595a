using System.Buffers;

namespace ContainerApi.Api.Lists;

/// <summary>The state of an engine in a list.</summary>
internal interface IListEngine
{
    /// <summary>The engine's name.</summary>
    string Name { get; }

    /// <summary>Why the engine did not answer; null where it did.</summary>
    ErrorInfo? Error { get; }
}

/// <summary>A page of a list as the contract has it.</summary>
internal interface IListDocument
{
    /// <summary>The number of rows on all pages.</summary>
    int Total { get; }

    /// <summary>Null on the last page.</summary>
    string? NextCursor { get; }

    /// <summary>Whether every engine answered.</summary>
    bool Complete { get; }
}

/// <summary>A page of a list.</summary>
/// <param name="Rows">The rows of the page, in its order.</param>
/// <param name="Engines">The state of every asked engine; null for a list that asks none.</param>
/// <param name="Total">The number of rows on all pages.</param>
/// <param name="NextCursor">The cursor of the next page; null on the last page.</param>
/// <param name="IsComplete">Whether every engine answered.</param>
internal sealed record ListPage<TRow>(
    IReadOnlyList<TRow> Rows, IReadOnlyList<IListEngine>? Engines, int Total, string? NextCursor, bool IsComplete);

/// <summary>Pure: a list in the requested format.</summary>
internal static class ListFormatter<TRow>
    where TRow : IRow<TRow>
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = WireJson.Options.Encoder };

    /// <param name="fields">Validated names, or null for all.</param>
    /// <param name="contract">Returns the list as the contract has it, with all fields.</param>
    public static RenderedBody List(
        ListPage<TRow> list, Format format, IReadOnlyList<string>? fields, DateTimeOffset now, Func<object> contract) => new(
        format switch
        {
            Format.Ndjson => Lines(list, fields),
            Format.Table => Encoding.UTF8.GetBytes(fields is null ? DefaultTable(list, now) : FieldTable(list, fields)),
            Format.Csv => Encoding.UTF8.GetBytes(Values(list, fields)),
            _ when fields is null => JsonSerializer.SerializeToUtf8Bytes(contract(), WireJson.Options),
            _ => Document(list, fields),
        },
        Formats.ContentTypeOf(format))
        {
            NextCursor = list.NextCursor,
            MissingEngines = [.. (list.Engines ?? []).Where(e => e.Error is not null).Select(e => e.Name)],
        };

    /// <summary>One row: in JSON the object itself, else as a list of one row.</summary>
    public static RenderedBody One(TRow row, Format format, IReadOnlyList<string>? fields, DateTimeOffset now) =>
        format != Format.Json
            ? List(new ListPage<TRow>([row], [], 1, null, true), format, fields, now, () => row)
            : new RenderedBody(Written(writer => FieldSelection<TRow>.Of(fields).Write(writer, row)), Formats.ContentTypeOf(format));

    private static byte[] Document(ListPage<TRow> list, IReadOnlyList<string> fields) => Written(writer =>
    {
        var selection = FieldSelection<TRow>.Of(fields);
        writer.WriteStartObject();
        writer.WriteStartArray("items");
        foreach (var row in list.Rows)
        {
            selection.Write(writer, row);
        }

        writer.WriteEndArray();
        WriteEnd(writer, list);
        writer.WriteEndObject();
    });

    /// <summary>One line for each row, and a last line for the list.</summary>
    private static byte[] Lines(ListPage<TRow> list, IReadOnlyList<string>? fields)
    {
        var selection = FieldSelection<TRow>.Of(fields);
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var row in list.Rows)
        {
            Line(buffer, TRow.Columns.RowType, writer => selection.WriteMembers(writer, row));
        }

        Line(buffer, "result", writer =>
        {
            writer.WriteString("state", "succeeded");
            WriteEnd(writer, list);
            writer.WriteNull("error");
        });
        return buffer.WrittenSpan.ToArray();
    }

    private static void Line(ArrayBufferWriter<byte> buffer, string type, Action<Utf8JsonWriter> members)
    {
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            members(writer);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
    }

    private static void WriteEnd(Utf8JsonWriter writer, ListPage<TRow> list)
    {
        if (list.Engines is { } engines)
        {
            writer.WriteStartArray("engines");
            foreach (var engine in engines)
            {
                JsonSerializer.Serialize(writer, engine, engine.GetType(), WireJson.Options);
            }

            writer.WriteEndArray();
        }

        writer.WriteNumber("total", list.Total);
        writer.WriteString("nextCursor", list.NextCursor);
        writer.WriteBoolean("complete", list.IsComplete);
    }

    private static byte[] Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            write(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The columns of <c>fields</c>, or all columns that a row has.</summary>
    private static string Values(ListPage<TRow> list, IReadOnlyList<string>? fields)
    {
        var columns = fields is null ? TRow.Columns.All.Where(c => c.IsInAny(list.Rows)).ToList() : [.. TRow.Columns.Of(fields)];
        return Csv.Write(
            [.. columns.Select(c => c.Name)],
            [.. list.Rows.Select(row => (IReadOnlyList<CsvValue>)[.. columns.Select(c => c.Cell(c.Value(row)))])]);
    }

    private static string FieldTable(ListPage<TRow> list, IReadOnlyList<string> fields)
    {
        var columns = TRow.Columns.Of(fields).ToList();
        return Table.Write(
            [.. columns.Select(c => c.Name.ToUpperInvariant())],
            [.. list.Rows.Select(row => (IReadOnlyList<string?>)[.. columns.Select(c => c.Cell(c.Value(row)).Text)])]);
    }

    /// <summary>The table as Docker's command line prints it. The engine is a column where there are several.</summary>
    private static string DefaultTable(ListPage<TRow> list, DateTimeOffset now)
    {
        var several = list.Engines?.Count > 1 || list.Rows.Select(r => r.Engine).Distinct().Skip(1).Any();
        var columns = TRow.Columns.Table.Where(c => c.Name == "engine" ? several : c.IsInAny(list.Rows))
            .Where(c => !c.Table!.IsOptional || list.Rows.Any(r => c.Table.Text(r, now) is not null)).ToList();
        var table = Table.Write(
            [.. columns.Select(c => c.Table!.Heading)],
            [.. list.Rows.Select(row => (IReadOnlyList<string?>)[.. columns.Select(c => c.Table!.Text(row, now))])]);
        return table + string.Concat((list.Engines ?? []).Where(e => e.Error is not null)
            .Select(e => $"! engine {e.Name} is missing: {VisibleText.Escape(e.Error!.Message)}\n"));
    }
}
