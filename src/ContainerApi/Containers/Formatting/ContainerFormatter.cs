using System.Buffers;
using System.Collections;
using ContainerApi.Api;

namespace ContainerApi.Containers.Formatting;

/// <summary>Pure: containers in the requested format.</summary>
internal static class ContainerFormatter
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = WireJson.Options.Encoder };

    /// <param name="fields">Validated names, or null for all.</param>
    public static RenderedBody List(ContainerCollection list, Format format, IReadOnlyList<string>? fields, DateTimeOffset now) => new(
        format switch
        {
            Format.Ndjson => Lines(list, fields),
            Format.Table => Encoding.UTF8.GetBytes(fields is null ? ContainerTable.Write(list, now) : FieldTable(list, fields)),
            Format.Csv => Encoding.UTF8.GetBytes(Values(list, fields)),
            _ when fields is null => JsonSerializer.SerializeToUtf8Bytes(ContainerProjection.ToList(list), WireJson.Options),
            _ => Selected(list, fields),
        },
        Formats.ContentTypeOf(format))
    {
        NextCursor = list.NextCursor,
        MissingEngines = [.. list.Engines.Where(e => e.Error is not null).Select(e => e.Name)],
    };

    /// <summary>One container: in JSON the object itself, else as a list of one row.</summary>
    public static RenderedBody One(ContainerRow container, Format format, IReadOnlyList<string>? fields, DateTimeOffset now) =>
        format != Format.Json
            ? List(new ContainerCollection([container], [], 1, null), format, fields, now)
            : new RenderedBody(Written(writer => FieldSelection.Of(fields).Write(writer, container)), Formats.ContentTypeOf(format));

    private static byte[] Selected(ContainerCollection list, IReadOnlyList<string> fields) => Written(writer =>
    {
        var selection = FieldSelection.Of(fields);
        writer.WriteStartObject();
        writer.WriteStartArray("items");
        foreach (var item in list.Rows)
        {
            selection.Write(writer, item);
        }

        writer.WriteEndArray();
        WriteEnd(writer, list);
        writer.WriteEndObject();
    });

    /// <summary>One line for each container, and a last line for the list.</summary>
    private static byte[] Lines(ContainerCollection list, IReadOnlyList<string>? fields)
    {
        var selection = FieldSelection.Of(fields);
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var item in list.Rows)
        {
            Line(buffer, "container", writer => selection.WriteMembers(writer, item));
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

    private static void WriteEnd(Utf8JsonWriter writer, ContainerCollection list)
    {
        writer.WritePropertyName("engines");
        JsonSerializer.Serialize(writer, list.Engines, WireJson.Options);
        writer.WriteNumber("total", list.Total);
        writer.WriteString("nextCursor", list.NextCursor);
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

    /// <summary>The columns of <c>fields</c>, or all columns whose section was read.</summary>
    private static string Values(ContainerCollection list, IReadOnlyList<string>? fields)
    {
        var columns = Columns(fields, list);
        return Csv.Write(
            [.. columns.Select(c => c.Name)],
            [.. list.Rows.Select(item => (IReadOnlyList<CsvValue>)[.. columns.Select(c => Cell(c.Value(item)))])]);
    }

    private static string FieldTable(ContainerCollection list, IReadOnlyList<string> fields)
    {
        var columns = Columns(fields, list);
        return Table.Write(
            [.. columns.Select(c => c.Name.ToUpperInvariant())],
            [.. list.Rows.Select(item => (IReadOnlyList<string?>)[.. columns.Select(c => Cell(c.Value(item)).Text)])]);
    }

    private static List<ContainerColumn> Columns(IReadOnlyList<string>? fields, ContainerCollection list) => fields is null
        ? [.. ContainerColumns.All.Where(c => list.Has(c.Section))]
        // The name of a section stands for all its columns.
        : [.. fields.Distinct().SelectMany(name => ContainerColumns.Find(name) is { } one
            ? [one]
            : ContainerColumns.All.Where(f => f.Section == ContainerColumns.Sections[name]))];

    /// <summary>Numbers are in bytes and milliseconds. List items contain no spaces, so spaces separate them.</summary>
    private static CsvValue Cell(object? value) => value switch
    {
        null => new CsvValue(null, IsTrusted: true),
        string text => new CsvValue(text, IsTrusted: false),
        DateTimeOffset time => new CsvValue(JsonSerializer.Serialize(time, WireJson.Options).Trim('"'), IsTrusted: true),
        Enum word => new CsvValue(JsonNamingPolicy.SnakeCaseLower.ConvertName(word.ToString()), IsTrusted: true),
        IEnumerable<NetworkFacts> networks =>
            Joined(" ", networks.Select(n => $"{n.Name}={string.Join('|', new[] { n.Ipv4, n.Ipv6 }.OfType<string>())}")),
        IEnumerable<PortFacts> ports => new CsvValue(ColumnText.Ports([.. ports]), IsTrusted: true),
        IEnumerable<ContainerProcess> processes =>
            Joined("; ", processes.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Pid} {p.User} {p.Command}"))),
        IEnumerable<KeyValuePair<string, string>> labels =>
            Joined("; ", labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}")),
        IEnumerable<KeyValuePair<string, InterfaceTraffic>> interfaces =>
            Joined(" ", interfaces.Select(i => string.Create(CultureInfo.InvariantCulture, $"{i.Key}={i.Value.RxBytes}/{i.Value.TxBytes}"))),
        IEnumerable list => Joined(" ", list.Cast<object>().Select(o => o.ToString()!)),
        IFormattable number => new CsvValue(number.ToString(null, CultureInfo.InvariantCulture), IsTrusted: true),
        _ => new CsvValue(value.ToString(), IsTrusted: false),
    };

    private static CsvValue Joined(string separator, IEnumerable<string> parts) => new(string.Join(separator, parts), IsTrusted: false);
}
