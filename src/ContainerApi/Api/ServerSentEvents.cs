using System.Buffers;

namespace ContainerApi.Api;

/// <summary>Writes the lines of a stream as Server-Sent Events: <c>type</c> becomes the event, <c>seq</c> its id, the line its data.</summary>
internal static class ServerSentEvents
{
    /// <param name="lines">JSON lines that begin with <c>type</c> and <c>seq</c>.</param>
    public static ReadOnlyMemory<byte> FromLines(ReadOnlySpan<byte> lines)
    {
        var text = new ArrayBufferWriter<byte>(lines.Length + 128);
        while (!lines.IsEmpty)
        {
            var line = lines[..(lines.IndexOf((byte)'\n') + 1)];
            lines = lines[line.Length..];
            var (type, seq) = Read(line);
            text.Write(Encoding.UTF8.GetBytes(seq is null ? $"event: {type}\n" : $"event: {type}\nid: {seq}\n"));
            text.Write("data: "u8);
            text.Write(line);
            text.Write("\n"u8);
        }

        return text.WrittenMemory;
    }

    private static (string? Type, string? Seq) Read(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        json.Read();
        return (Next(ref json), Next(ref json));

        static string? Next(ref Utf8JsonReader json)
        {
            json.Read();
            json.Read();
            return json.GetString();
        }
    }
}
