using System.Text.Json;
using ContainerApi.Api;

namespace ContainerApi.Builds;

/// <summary>Formats of a build's events.</summary>
internal static class BuildEventFormats
{
    private const string Text = "text";

    public static readonly string[] Names = ["ndjson", Text];

    public const string TextType = MediaTypes.Text + "; charset=utf-8";

    /// <param name="format">One of <see cref="Names"/>, or null: then <c>Accept</c> decides.</param>
    public static bool IsText(string? format, HttpRequest request) => format is null ? Formats.PrefersText(request) : format == Text;

    /// <summary>Parses JSON lines.</summary>
    public static IEnumerable<BuildEvent> Parse(ReadOnlyMemory<byte> lines)
    {
        for (var end = 0; !lines.IsEmpty; lines = lines[end..])
        {
            end = lines.Span.IndexOf((byte)'\n') + 1;
            yield return JsonSerializer.Deserialize<BuildEvent>(lines.Span[..end], WireJson.Options)!;
        }
    }
}
