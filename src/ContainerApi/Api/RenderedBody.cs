using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api;

/// <summary>A response body with its strong <c>ETag</c>. It is rendered once for all callers of the same request.</summary>
internal sealed class RenderedBody(byte[] body, string contentType) : IResult
{
    private readonly EntityTagHeaderValue _etag = new($"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 16))}\"");

    /// <summary>The <c>cursor</c> of the next page. It becomes a <c>Link</c>, because not every format has a place for it.</summary>
    public string? NextCursor { get; init; }

    /// <summary>Engines whose containers are missing. They become a header, because not every format has a place for them.</summary>
    public IReadOnlyList<string> MissingEngines { get; init; } = [];

    public ReadOnlyMemory<byte> Body => body;

    public string ContentType => contentType;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        // Caches may keep the response but must revalidate it: the request decides how old it may be.
        headers.CacheControl = "no-cache, private";
        headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        if (NextCursor is not null)
        {
            var request = httpContext.Request;
            var query = request.Query.Where(q => !q.Key.Equals("cursor", StringComparison.OrdinalIgnoreCase))
                .Append(new KeyValuePair<string, StringValues>("cursor", NextCursor));
            headers.Link = $"<{request.PathBase}{request.Path}{QueryString.Create(query)}>; rel=\"next\"";
        }

        if (MissingEngines.Count > 0)
        {
            headers["X-Missing-Engines"] = string.Join(", ", MissingEngines);
        }

        // Answers 304 if If-None-Match has the tag.
        return TypedResults.Bytes(Body, contentType, entityTag: _etag).ExecuteAsync(httpContext);
    }
}
