using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace ContainerApi.Api.Requests;

/// <summary>A handler's parameter: the typed request from a JSON body, the route and the headers.</summary>
internal sealed record RequestBody<T>(T Value) : IBindableFromHttpContext<RequestBody<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    public static async ValueTask<RequestBody<T>?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        new(await RequestReader.ReadBodyAsync<T>(context));

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => RequestMetadata.Add(
        builder, RequestDefinition.Of(typeof(T)), isBody: true,
        ErrorCode.InvalidRequest, ErrorCode.RequestTooLarge, ErrorCode.UnsupportedMediaType);
}
