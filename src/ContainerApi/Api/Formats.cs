using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api;

/// <summary>The forms a list can be written in.</summary>
internal enum Format
{
    Json,
    Ndjson,
    Table,
    Csv,
}

/// <summary>Which form a request wants: <c>format</c> where it is given, else <c>Accept</c>.</summary>
internal static class Formats
{
    private static readonly IReadOnlyList<(MediaTypeHeaderValue Type, Format Format)> Types =
    [
        (new(MediaTypes.Json), Format.Json),
        (new(MediaTypes.Ndjson), Format.Ndjson),
        (new(MediaTypes.Text), Format.Table),
        (new("text/csv"), Format.Csv),
    ];

    public static string ContentTypeOf(Format format) => format switch
    {
        Format.Ndjson => MediaTypes.Ndjson,
        Format.Table => MediaTypes.Text + "; charset=utf-8",
        Format.Csv => "text/csv; charset=utf-8; header=present",
        _ => "application/json; charset=utf-8",
    };

    /// <param name="requested">The value of <c>format</c>, or null.</param>
    /// <exception cref="ApiException">None of the accepted types can be had (406).</exception>
    public static Format Choose(Format? requested, HttpRequest request)
    {
        if (requested is { } format)
        {
            return format;
        }

        if (Accepted(request) is not { } accepted)
        {
            return Format.Json;
        }

        foreach (var wanted in accepted)
        {
            foreach (var (type, candidate) in Types)
            {
                if (type.MediaType == wanted.MediaType || wanted.MatchesAllTypes
                    || (wanted.MatchesAllSubTypes && type.Type == wanted.Type))
                {
                    return candidate;
                }
            }
        }

        throw new ApiException(ErrorCode.NotAcceptable, $"This can be had as {string.Join(", ", Types.Select(t => t.Type.MediaType))}.");
    }

    /// <summary>Whether a stream is wanted as plain text: it is accepted, and JSON is not, or less.</summary>
    public static bool PrefersText(HttpRequest request) =>
        Accepted(request)?.FirstOrDefault(a => a.MediaType.Value is MediaTypes.Text or MediaTypes.Ndjson or MediaTypes.Json || a.MatchesAllTypes)
            ?.MediaType.Value == MediaTypes.Text;

    /// <summary>The most wanted first, and among equals the most exact; OrderBy keeps the client's order of the rest. Null where anything
    /// goes.</summary>
    private static IEnumerable<MediaTypeHeaderValue>? Accepted(HttpRequest request) =>
        request.Headers.Accept.Count > 0 && MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
            ? accepted.Where(a => a.Quality is not 0).OrderByDescending(a => a.Quality ?? 1).ThenBy(Breadth)
            : null;

    private static int Breadth(MediaTypeHeaderValue type) => type.MatchesAllTypes ? 2 : type.MatchesAllSubTypes ? 1 : 0;
}
