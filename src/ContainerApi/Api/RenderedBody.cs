using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api;

/// <summary>An answer's bytes with their strong <c>ETag</c>, made once and sent to everyone who asked the same.</summary>
internal sealed class RenderedBody(byte[] body, string contentType)
{
    /// <summary>The <c>cursor</c> of the page behind this one: a <c>Link</c> for forms that have no place for it.</summary>
    public string? NextCursor { get; init; }

    /// <summary>Engines that the answer should have and has not: a header for forms that have no place for them.</summary>
    public IReadOnlyList<string> MissingEngines { get; init; } = [];

    public ReadOnlyMemory<byte> Body { get; } = body;
    public string ContentType { get; } = contentType;
    public EntityTagHeaderValue ETag { get; } = new($"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 16))}\"");
}

/// <summary>Sends a rendering, or 304 where <c>If-None-Match</c> holds its tag.</summary>
internal sealed class RenderingResult(RenderedBody rendering) : IResult
{
    public async Task ExecuteAsync(HttpContext context)
    {
        var response = context.Response;
        var headers = response.GetTypedHeaders();
        headers.ETag = rendering.ETag;
        // To be kept, and asked for again every time: an answer is as old as its request allows.
        headers.CacheControl = new CacheControlHeaderValue { Private = true, NoCache = true };
        response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        if (rendering.NextCursor is { } cursor)
        {
            var query = context.Request.Query.Where(q => !q.Key.Equals("cursor", StringComparison.OrdinalIgnoreCase))
                .Append(new KeyValuePair<string, StringValues>("cursor", cursor));
            response.Headers.Link = $"<{context.Request.PathBase}{context.Request.Path}{QueryString.Create(query)}>; rel=\"next\"";
        }

        if (rendering.MissingEngines.Count > 0)
        {
            response.Headers["X-Missing-Engines"] = string.Join(", ", rendering.MissingEngines);
        }

        if (context.Request.GetTypedHeaders().IfNoneMatch is { Count: > 0 } known
            && known.Any(t => t.Equals(EntityTagHeaderValue.Any) || t.Compare(rendering.ETag, useStrongComparison: false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = rendering.ContentType;
        response.ContentLength = rendering.Body.Length;
        await response.Body.WriteAsync(rendering.Body, context.RequestAborted);
    }
}
