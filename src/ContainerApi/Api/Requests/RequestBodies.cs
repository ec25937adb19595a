using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Api.Requests;

/// <summary>Limits of request bodies. The server accepts more than a request may have, so that the rest of a refused body can be drained.</summary>
internal static class RequestBodies
{
    /// <summary>How much of a body is read and dropped after the response.</summary>
    public const long MaxDrainedBytes = 256 * 1024 * 1024;

    private const int BufferBytes = 16 * 1024;

    /// <summary>Sets the server's limit, unless the body is already being read.</summary>
    /// <param name="bytes">The limit of the request.</param>
    public static void Limit(HttpContext http, long bytes)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = bytes + MaxDrainedBytes;
        }
    }

    /// <summary>Refuses the body of a change that has its parameters in the query: the values in the body would be ignored.</summary>
    /// <exception cref="ApiException">The request has a body.</exception>
    public static void RefuseUnexpected(HttpContext http, RequestDefinition definition)
    {
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method)
            && http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } && http.Request.ContentLength is not 0
            && !http.GetEndpoint()!.Metadata.OfType<RequestMetadata>().Any(m => m.IsBody))
        {
            var parameters = string.Join(", ", definition.Fields(inJson: false).Select(p => p.Name));
            throw new ApiException(
                ErrorCode.UnsupportedMediaType, $"This operation takes no body. Its parameters are in the query: {parameters}.");
        }
    }

    /// <summary>Reads a whole body.</summary>
    /// <param name="tooLarge">The failure for a larger body.</param>
    public static async Task<MemoryStream> ReadAsync(HttpContext http, long maxBytes, Exception tooLarge)
    {
        Limit(http, maxBytes);
        if (http.Request.ContentLength > maxBytes)
        {
            throw tooLarge;
        }

        var body = new MemoryStream();
        var buffer = new byte[BufferBytes];
        while (await http.Request.Body.ReadAsync(buffer, http.RequestAborted) is var read and > 0)
        {
            body.Write(buffer, 0, read);
            if (body.Length > maxBytes)
            {
                throw tooLarge;
            }
        }

        body.Position = 0;
        return body;
    }
}
