using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Access;

/// <summary>Documents the authentication schemes and the scope of each operation in OpenAPI.</summary>
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
            Name = ApiHeaders.ApiKey,
            Description = "An API key. Not required on loopback or with Security:AllowAnonymous, unless keys are configured.",
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
            // An empty list says that no key is needed; a missing one would not say it.
            operation.Security = [];
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
