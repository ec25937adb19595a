using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Access;

/// <summary>Tells in the OpenAPI document how a caller shows who it is, and which scope each operation needs.</summary>
internal sealed class ScopeDocumentation : IOperationFilter
{
    private const string Key = "apiKey";
    private const string Bearer = "bearer";

    public static void Define(SwaggerGenOptions options)
    {
        options.AddSecurityDefinition(Key, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = ApiKeys.Header,
            Description = "An API key. On loopback, and where the service is told to serve anybody, none is needed unless some are configured.",
        });
        options.AddSecurityDefinition(Bearer, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API key, or a token (JWT) of the configured issuer.",
        });
        options.OperationFilter<ScopeDocumentation>();
    }

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<RequiredScope>().FirstOrDefault()?.Scope is not { } scope)
        {
            return;
        }

        operation.Description = $"{operation.Description}\n\nNeeds the scope `{scope}`.".TrimStart();
        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Key, context.Document)] = [] },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] },
        ];
    }
}
