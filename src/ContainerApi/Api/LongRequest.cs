namespace ContainerApi.Api;

/// <summary>Metadata of an endpoint whose requests may take long: streams, transfers and slow engine calls. They have limits of their own.</summary>
/// <param name="applies">Which requests of the endpoint may take long; null for all.</param>
internal sealed class LongRequest(Func<HttpRequest, bool>? applies = null)
{
    /// <summary>The name of the timeout policy.</summary>
    public const string TimeoutPolicy = "long";

    public static readonly LongRequest Metadata = new();

    public bool Applies(HttpRequest request) => applies?.Invoke(request) != false;
}

/// <summary>How long a stream without an end may be open.</summary>
internal sealed record StreamTimeout(TimeSpan After);

/// <summary>The maximum size of an uploaded archive of images or of a file system, uncompressed.</summary>
internal sealed record ArchiveLimit(long Bytes, int MaxUploads);

internal static class LongRequestExtensions
{
    public static bool IsLong(this HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<LongRequest>()?.Applies(http.Request) == true;

    /// <summary>Gives an endpoint or a group the timeout of long requests.</summary>
    public static TBuilder WithLongTimeout<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.WithRequestTimeout(LongRequest.TimeoutPolicy);
        return builder.WithMetadata(LongRequest.Metadata);
    }

    /// <summary>
    /// Removes the timeout of an endpoint or a group whose streams end by themselves: a timeout would cut off their last line. The answer
    /// to <c>HEAD</c> does not wait for the stream.
    /// </summary>
    public static TBuilder WithStreamLimits<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.DisableRequestTimeout();
        builder.AddEndpointFilter(async (invocation, next) =>
        {
            var result = await next(invocation);
            if (!HttpMethods.IsHead(invocation.HttpContext.Request.Method))
            {
                return result;
            }

            invocation.HttpContext.Response.SetStream((result as IContentTypeHttpResult)?.ContentType ?? MediaTypes.EventStream);
            return TypedResults.Empty;
        });
        return builder.WithMetadata(LongRequest.Metadata);
    }
}
