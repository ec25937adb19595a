using System.Reflection;
using ContainerApi.Api.OpenApi;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Api.Requests;

/// <summary>A handler's parameter: the typed request from the route, the query and the headers.</summary>
internal sealed record RequestQuery<T>(T Value) : IBindableFromHttpContext<RequestQuery<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    public static ValueTask<RequestQuery<T>?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        new(new RequestQuery<T>(RequestReader.ReadQuery<T>(context)));

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        builder.Metadata.Add(new RequestMetadata(RequestDefinition.Of(typeof(T))));
        builder.Metadata.Add(new ErrorCodes([ErrorCode.InvalidRequest]));
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status400BadRequest, typeof(ProblemDetails), [MediaTypes.Problem]));
    }
}

/// <summary>The declared parameters of an endpoint.</summary>
internal sealed record RequestMetadata(RequestDefinition Definition);
