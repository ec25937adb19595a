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

/// <summary>The formats of a stream.</summary>
internal enum StreamFormat
{
    Ndjson,
    Sse,
    Text,
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

    /// <summary>A client that accepts JSON alone gets JSON lines.</summary>
    private static readonly IReadOnlyList<(StreamFormat Format, string MediaType)> Streams =
    [
        (StreamFormat.Ndjson, MediaTypes.Ndjson), (StreamFormat.Ndjson, MediaTypes.Json), (StreamFormat.Sse, MediaTypes.EventStream),
        (StreamFormat.Text, MediaTypes.Text),
    ];

    /// <summary>The formats of a list with their media types; the first is the default.</summary>
    public static IReadOnlyList<(Format Format, string MediaType)> OfLists { get; } = [.. All.Select(f => (f.Format, f.MediaType))];

    public static string ContentTypeOf(Format format) => All.First(f => f.Format == format).ContentType;

    /// <param name="requested">The value of <c>format</c>, or null.</param>
    /// <param name="available">Null for all formats.</param>
    /// <exception cref="ApiException">None of the accepted media types is available (406).</exception>
    public static Format Choose(Format? requested, HttpRequest request, IReadOnlyList<Format>? available = null) =>
        requested ?? Choose(request, [.. All.Where(f => available?.Contains(f.Format) is not false).Select(f => (f.Format, f.MediaType))]);

    /// <param name="requested">The value of <c>format</c>, or null.</param>
    /// <exception cref="ApiException">None of the accepted media types is available (406).</exception>
    public static StreamFormat ChooseStream(StreamFormat? requested, HttpRequest request, bool hasText = false) =>
        requested ?? Choose(request, [.. Streams.Where(s => hasText || s.Format != StreamFormat.Text)]);

    /// <exception cref="ApiException">JSON is not accepted (406).</exception>
    public static void RequireJson(HttpRequest request) => Choose(request, [(Format.Json, MediaTypes.Json)]);

    /// <param name="available">The first format is the default.</param>
    /// <exception cref="ApiException">None of the accepted media types is available (406).</exception>
    public static T Choose<T>(HttpRequest request, IReadOnlyList<(T Format, string MediaType)> available) =>
        TryChoose(request, available, out var format)
            ? format
            : throw new ApiException(ErrorCode.NotAcceptable, $"Available media types: {string.Join(", ", available.Select(f => f.MediaType))}.");

    /// <returns>False if none of the accepted media types is available.</returns>
    public static bool TryChoose<T>(
        HttpRequest request, IReadOnlyList<(T Format, string MediaType)> available, [MaybeNullWhen(false)] out T format)
    {
        var matching = Accepted(request) is { } accepted
            ? accepted.SelectMany(a => available.Where(f => a.MatchesMediaType(f.MediaType)))
            : available;
        (format, var isFound) = matching.Select(f => (f.Format, true)).FirstOrDefault();
        return isFound;
    }

    /// <summary>Returns the accepted media types by quality and specificity, else in the client's order. Null if any is accepted.</summary>
    private static IEnumerable<MediaTypeHeaderValue>? Accepted(HttpRequest request) =>
        request.Headers.Accept.Count > 0 && MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
            ? accepted.Where(a => a.Quality is not 0).OrderByDescending(a => a, MediaTypeHeaderValueComparer.QualityComparer)
            : null;
}
