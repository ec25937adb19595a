using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api;

/// <summary>
/// A response body with its strong <c>ETag</c>, which differs by compression. It is rendered, and compressed, once for all callers of the
/// same request.
/// </summary>
internal sealed class RenderedBody(byte[] body, string contentType) : IResult
{
    private readonly string _hash = Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 16));
    private readonly Lazy<byte[]> _gzip = new(() => ContentEncodings.Compress(body, ContentEncoding.Gzip));
    private readonly Lazy<byte[]> _brotli = new(() => ContentEncodings.Compress(body, ContentEncoding.Brotli));

    public static RenderedBody Json<T>(T value) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, WireJson.Options), Formats.ContentTypeOf(Format.Json));

    /// <summary>The <c>cursor</c> of the next page. It becomes a <c>Link</c>, because not every format has a place for it.</summary>
    public string? NextCursor { get; init; }

    /// <summary>Engines whose containers are missing. They become a header, because not every format has a place for them.</summary>
    public IReadOnlyList<string> MissingEngines { get; init; } = [];

    public ReadOnlyMemory<byte> Body => body;

    public string ContentType => contentType;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        // Caches may keep the response but must revalidate it: the request decides how old it may be.
        headers.CacheControl = "no-cache, private";
        headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        if (NextCursor is not null)
        {
            var request = httpContext.Request;
            var query = request.Query.Where(q => !q.Key.Equals("cursor", StringComparison.OrdinalIgnoreCase))
                .Append(new KeyValuePair<string, StringValues>("cursor", NextCursor));
            headers.Link = $"<{request.PathBase}{request.Path}{QueryString.Create(query)}>; rel=\"next\"";
        }

        if (MissingEngines.Count > 0)
        {
            headers[ApiHeaders.MissingEngines] = string.Join(", ", MissingEngines);
        }

        var encoding = ContentEncodings.Choose(httpContext, body.Length);
        var name = ContentEncodings.NameOf(encoding);
        if (name is not null)
        {
            headers.ContentEncoding = name;
        }

        // Answers 304 if If-None-Match has the tag.
        var tag = new EntityTagHeaderValue(name is null ? $"\"{_hash}\"" : $"\"{_hash}-{name}\"");
        await TypedResults.Bytes(Encoded(encoding), contentType, entityTag: tag).ExecuteAsync(httpContext);
        if (httpContext.Response.StatusCode == StatusCodes.Status304NotModified)
        {
            headers.ContentEncoding = default;
        }
    }

    private ReadOnlyMemory<byte> Encoded(ContentEncoding encoding) => encoding switch
    {
        ContentEncoding.Gzip => _gzip.Value,
        ContentEncoding.Brotli => _brotli.Value,
        _ => body,
    };
}
