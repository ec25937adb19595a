using ContainerApi.Api.Requests;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Documents the declared parameters of an endpoint.</summary>
internal sealed class ParameterDocumentation : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        var requests = metadata.OfType<RequestMetadata>().ToList();
        if (requests.Count == 0)
        {
            return;
        }

        var hasQuery = requests.Exists(r => !r.IsBody);
        operation.Parameters =
        [
            .. requests[0].Definition.Parameters
                .Where(p => p.Declaration.In is ParameterPlace.Route or ParameterPlace.Header
                    || (!p.Declaration.IsReplaced && (p.Declaration.CanBeInQuery || (hasQuery && p.Declaration.In == ParameterPlace.Query))))
                .Select(p => p.ToOpenApi()),
        ];
        if (requests.Find(r => r.IsBody) is { Definition: var definition })
        {
            var schemas = context.SchemaRepository;
            var json = schemas.Schemas.ContainsKey(definition.Name)
                ? new OpenApiSchemaReference(definition.Name, context.Document)
                : schemas.AddDefinition(definition.Name, definition.ToSchema());
            var others = metadata.OfType<BodyTypes>().SelectMany(b => b.Types);
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = others.Prepend(MediaTypes.Json).Distinct().ToDictionary(type => type, type => (IOpenApiMediaType)new OpenApiMediaType
                {
                    Schema = type == MediaTypes.Json ? json : ContentDocumentation.RequestContent(type),
                }),
            };
        }
    }
}
