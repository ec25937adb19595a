using System.Text.Json;
using ContainerApi.Api;

namespace ContainerApi.Containers.Formatting;

/// <summary>The fields of a row that a client wants, as a tree: none below a name means all of it.</summary>
internal sealed class FieldSelection
{
    /// <summary>A row as it is.</summary>
    public static readonly FieldSelection Everything = new();

    private readonly Dictionary<string, FieldSelection> _fields = [];

    public static FieldSelection Of(IReadOnlyList<string> names)
    {
        var selection = new FieldSelection();
        // Short names first: a section as a whole outweighs a field of it.
        foreach (var name in names.OrderBy(n => n.Length))
        {
            var parts = name.Split('.');
            if (!selection._fields.TryGetValue(parts[0], out var below))
            {
                selection._fields[parts[0]] = below = parts.Length == 1 ? Everything : new FieldSelection();
            }

            if (parts.Length > 1 && below != Everything)
            {
                below._fields[parts[1]] = Everything;
            }
        }

        return selection;
    }

    public void Write(Utf8JsonWriter writer, Container row)
    {
        writer.WriteStartObject();
        WriteMembers(writer, row);
        writer.WriteEndObject();
    }

    /// <summary>The members alone, for an object that has others too.</summary>
    public void WriteMembers(Utf8JsonWriter writer, Container row)
    {
        var json = JsonSerializer.SerializeToElement(row, WireJson.Options);
        WriteMembers(writer, json);
    }

    private void WriteMembers(Utf8JsonWriter writer, JsonElement row)
    {
        foreach (var member in row.EnumerateObject())
        {
            if (this == Everything)
            {
                member.WriteTo(writer);
            }
            else if (_fields.TryGetValue(member.Name, out var below))
            {
                if (below == Everything || member.Value.ValueKind != JsonValueKind.Object)
                {
                    member.WriteTo(writer);
                }
                else
                {
                    writer.WriteStartObject(member.Name);
                    below.WriteMembers(writer, member.Value);
                    writer.WriteEndObject();
                }
            }
        }
    }
}
