using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api;

/// <summary>The formats of a list.</summary>
internal enum Format
{
    Json,
    Ndjson,
    Table,
    Csv,
}

/// <summary>Chooses the format of a response: by the parameter <c>format</c>, else by the header <c>Accept</c>.</summary>
internal static class Formats
{
    private static readonly IReadOnlyList<(Format Format, string MediaType, string ContentType)> All =
    [
        (Format.Json, MediaTypes.Json, MediaTypes.Json + "; charset=utf-8"),
        (Format.Ndjson, MediaTypes.Ndjson, MediaTypes.Ndjson),
        (Format.Table, MediaTypes.Text, MediaTypes.Text + "; charset=utf-8"),
        (Format.Csv, MediaTypes.Csv, MediaTypes.Csv + "; charset=utf-8; header=present"),
    ];

    public static string ContentTypeOf(Format format) => All.First(f => f.Format == format).ContentType;

    /// <param name="requested">The value of <c>format</c>, or null.</param>
    /// <exception cref="ApiException">None of the accepted media types is available (406).</exception>
    public static Format Choose(Format? requested, HttpRequest request) =>
        requested
        ?? (Accepted(request) is not { } accepted ? Format.Json
            : accepted.SelectMany(a => All.Where(f => a.MatchesMediaType(f.MediaType))).Select(f => (Format?)f.Format).FirstOrDefault()
                ?? throw new ApiException(ErrorCode.NotAcceptable, $"Available media types: {string.Join(", ", All.Select(f => f.MediaType))}."));

    /// <summary>Whether the client prefers a stream as plain text to a stream of JSON.</summary>
    public static bool PrefersText(HttpRequest request) =>
        Accepted(request)?.FirstOrDefault(a => a.MediaType.Value is MediaTypes.Text or MediaTypes.Ndjson or MediaTypes.Json || a.MatchesAllTypes)
            ?.MediaType.Value == MediaTypes.Text;

    /// <summary>Returns the accepted media types by quality and specificity, else in the client's order. Null if any is accepted.</summary>
    private static IEnumerable<MediaTypeHeaderValue>? Accepted(HttpRequest request) =>
        request.Headers.Accept.Count > 0 && MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
            ? accepted.Where(a => a.Quality is not 0).OrderByDescending(a => a, MediaTypeHeaderValueComparer.QualityComparer)
            : null;
}
