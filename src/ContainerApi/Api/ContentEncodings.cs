using System.IO.Compression;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api;

/// <summary>How a response body is compressed.</summary>
internal enum ContentEncoding
{
    Identity,
    Gzip,
    Brotli,
}

/// <summary>Chooses the compression of a response by <c>Accept-Encoding</c> (RFC 9110, 12.5.3).</summary>
internal static class ContentEncodings
{
    /// <summary>Smaller bodies would hardly get smaller.</summary>
    private const int MinBytes = 1024;

    /// <summary>Compresses JSON in a millisecond, to a tenth.</summary>
    private const int BrotliQuality = 4;

    private const int BrotliWindow = 22;

    private static readonly object ForbiddenKey = new();

    /// <summary>Keeps the response as it is: the length of a compressed body depends on its content.</summary>
    public static void ForbidCompression(this HttpContext http) => http.Items[ForbiddenKey] = true;

    /// <summary>Returns the compression that the client prefers; Brotli where it has no preference.</summary>
    public static ContentEncoding Choose(HttpContext http, int length)
    {
        if (http.Request.Headers.AcceptEncoding is not { Count: > 0 } header || http.Items.ContainsKey(ForbiddenKey)
            || !StringWithQualityHeaderValue.TryParseList(header, out var accepted))
        {
            return ContentEncoding.Identity;
        }

        var (brotli, gzip, identity) = (QualityOf(accepted, "br", "br"), QualityOf(accepted, "gzip", "x-gzip"), QualityOf(accepted, "identity", ""));
        var any = QualityOf(accepted, "*", "*");
        var (best, quality) = (brotli ?? any ?? 0) >= (gzip ?? any ?? 0) ? (ContentEncoding.Brotli, brotli ?? any ?? 0)
            : (ContentEncoding.Gzip, gzip ?? any ?? 0);
        var mustCompress = (identity ?? any) is 0;
        // A client that accepts nothing gets the plain body (RFC 9110 allows it).
        return quality == 0 || identity > quality || (length < MinBytes && !mustCompress) ? ContentEncoding.Identity : best;
    }

    /// <summary>The name in headers; null for a plain body.</summary>
    public static string? NameOf(ContentEncoding encoding) => encoding switch
    {
        ContentEncoding.Gzip => "gzip",
        ContentEncoding.Brotli => "br",
        _ => null,
    };

    public static byte[] Compress(ReadOnlySpan<byte> body, ContentEncoding encoding)
    {
        if (encoding == ContentEncoding.Brotli)
        {
            var buffer = new byte[BrotliEncoder.GetMaxCompressedLength(body.Length)];
            return BrotliEncoder.TryCompress(body, buffer, out var written, BrotliQuality, BrotliWindow)
                ? buffer[..written]
                : throw new InvalidOperationException("Brotli exceeded its maximum length.");
        }

        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(body);
        }

        return compressed.ToArray();
    }

    private static double? QualityOf(IList<StringWithQualityHeaderValue> accepted, string name, string alias)
    {
        var found = accepted.FirstOrDefault(a =>
            a.Value.Equals(name, StringComparison.OrdinalIgnoreCase) || a.Value.Equals(alias, StringComparison.OrdinalIgnoreCase));
        return found is null ? null : found.Quality ?? 1;
    }
}
