using ContainerApi.Api.Requests;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Documents the declared parameters of an endpoint.</summary>
internal sealed class ParameterDocumentation : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<RequestMetadata>().FirstOrDefault() is not var (definition, isBody))
        {
            return;
        }

        operation.Parameters = [.. definition.Parameters.Where(p => !isBody || p.Declaration.In != ParameterPlace.Query).Select(p => p.ToOpenApi())];
        if (isBody)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    [MediaTypes.Json] = new OpenApiMediaType { Schema = context.SchemaRepository.AddDefinition(definition.Name, definition.ToSchema()) },
                },
            };
        }
    }
}
