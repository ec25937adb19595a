using ContainerApi.Api.Requests;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Documents the declared parameters of an endpoint.</summary>
internal sealed class ParameterDocumentation : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<RequestMetadata>().FirstOrDefault() is { } request)
        {
            operation.Parameters = [.. request.Definition.Parameters.Select(p => p.ToOpenApi())];
        }
    }
}
