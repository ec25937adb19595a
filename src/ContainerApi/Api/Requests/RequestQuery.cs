using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace ContainerApi.Api.Requests;

/// <summary>A handler's parameter: the typed request from the route, the query and the headers.</summary>
internal sealed record RequestQuery<T>(T Value) : IBindableFromHttpContext<RequestQuery<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    public static ValueTask<RequestQuery<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        RequestBodies.RefuseUnexpected(context, RequestDefinition.Of(typeof(T)));
        return new(new RequestQuery<T>(RequestReader.ReadQuery<T>(context)));
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        RequestMetadata.Add(builder, RequestDefinition.Of(typeof(T)), isBody: false, ErrorCode.InvalidRequest);
}

/// <summary>The declared parameters of an endpoint.</summary>
/// <param name="IsBody">Whether the fields are in a JSON body, not in the query.</param>
internal sealed record RequestMetadata(RequestDefinition Definition, bool IsBody)
{
    public static void Add(EndpointBuilder builder, RequestDefinition definition, bool isBody, params IReadOnlyList<ErrorCode> codes)
    {
        builder.Metadata.Add(new RequestMetadata(definition, isBody));
        builder.Metadata.Add(new ErrorCodes(codes));
    }
}
