using System.Reflection;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Images;

/// <summary>A handler's parameter: the typed request from the query, of an endpoint whose body is an archive.</summary>
internal sealed record ArchiveBody<T>(T Value) : IBindableFromHttpContext<ArchiveBody<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    public static ValueTask<ArchiveBody<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArchiveBodies.Require(context);
        return new(new ArchiveBody<T>(RequestReader.ReadQuery<T>(context)));
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        RequestMetadata.Add(
            builder, RequestDefinition.Of(typeof(T)), isBody: false,
            ErrorCode.InvalidRequest, ErrorCode.InvalidArchive, ErrorCode.RequestTooLarge, ErrorCode.RequestTimeout, ErrorCode.UnsupportedMediaType);
        builder.Metadata.Add(ArchiveBodies.ContentTypes);
    }
}

internal static class ArchiveBodies
{
    /// <summary>The first bytes of an archive decide how it is compressed.</summary>
    public static readonly BodyTypes ContentTypes = new(
    [
        MediaTypes.Tar, "application/gzip", "application/x-bzip2", "application/x-xz", "application/zstd", "application/octet-stream",
    ]);

    /// <exception cref="ApiException">The body is not an archive, or is larger than <c>Limits:ArchiveBytes</c>.</exception>
    public static void Require(HttpContext http)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type)
            || !ContentTypes.Types.Contains(type.MediaType.ToString(), StringComparer.OrdinalIgnoreCase))
        {
            throw new UnsupportedMediaTypeException(http.Request, ContentTypes);
        }

        var limit = http.RequestServices.GetRequiredService<ArchiveLimit>();
        if (http.Request.ContentLength > limit.Bytes)
        {
            throw new ImageArchiveRules(isImage: false).TooLarge(limit.Bytes);
        }

        RequestBodies.Limit(http, limit.Bytes);
    }
}
