using ContainerApi.Api.Idempotency;
using ContainerApi.Api.Requests;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Documents the declared parameters of an endpoint.</summary>
internal sealed class ParameterDocumentation : IOperationFilter
{
    private static OpenApiParameter IdempotencyKey() => new()
    {
        Name = ApiHeaders.IdempotencyKey,
        In = ParameterLocation.Header,
        Description = "A new random text for each request that may be sent again, such as a UUID. The same request with the same key gets the "
            + "answer to the first one, or the running build, with `Idempotency-Replayed: true`; a repeated pull gets its `result` alone. Another "
            + "request is 422 `idempotency_key_reused`, a repetition while the first one runs and has no build yet is 409 "
            + "`idempotency_key_in_use`. Keys are those of one caller and are kept for 24 hours, at most 1000. A request that creates nothing, and a "
            + "build that is stopped or that the engine fails, keep no key.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255, Pattern = "^[!-~]+$" },
    };

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
        if (metadata.OfType<IdempotentEndpoint>().Any())
        {
            operation.Parameters.Add(IdempotencyKey());
        }

        var others = metadata.OfType<BodyTypes>().SelectMany(b => b.Types).ToList();
        if (requests.Find(r => r.IsBody) is { Definition: var definition })
        {
            var schemas = context.SchemaRepository;
            var json = schemas.Schemas.ContainsKey(definition.Name)
                ? new OpenApiSchemaReference(definition.Name, context.Document)
                : schemas.AddDefinition(definition.Name, definition.ToSchema());
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = others.Prepend(MediaTypes.Json).Distinct().ToDictionary(type => type, type => (IOpenApiMediaType)new OpenApiMediaType
                {
                    Schema = type == MediaTypes.Json ? json : ContentDocumentation.RequestContent(type),
                }),
            };
        }
        else if (others.Count > 0)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = others.ToDictionary(type => type, type => (IOpenApiMediaType)new OpenApiMediaType
                {
                    Schema = ContentDocumentation.RequestContent(type),
                }),
            };
        }
    }
}
