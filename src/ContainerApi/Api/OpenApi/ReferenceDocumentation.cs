using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Corrects what only the whole document shows: references that may be null, and rows with selected fields.</summary>
internal sealed class ReferenceDocumentation : IDocumentFilter
{
    private const string Fields = "fields";

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        var schemas = context.SchemaRepository.Schemas;
        var objects = schemas.Values.SelectMany(s => (s.AllOf ?? []).Append(s));
        foreach (var properties in objects.Select(s => s.Properties).OfType<IDictionary<string, IOpenApiSchema>>())
        {
            foreach (var (name, property) in properties.ToList())
            {
                if (property is OpenApiSchema { AllOf: [var reference], Type: { } type } nullable && type.HasFlag(JsonSchemaType.Null))
                {
                    properties[name] = NullOr(reference, nullable.Description);
                }
            }
        }

        foreach (var response in swaggerDoc.Paths.Values.SelectMany(p => p.Operations?.Values.AsEnumerable() ?? [])
            .Where(o => o.Parameters?.Any(p => p.Name == Fields) == true)
            .Select(o => o.Responses!["200"].Content![MediaTypes.Json].Schema))
        {
            var answer = Target(response, schemas)!;
            Relax(answer.Properties!.TryGetValue("items", out var items) ? Target(items.Items, schemas)! : answer, schemas, []);
        }
    }

    /// <summary>OpenAPI 3.0 has neither a type <c>null</c> nor <c>nullable</c> beside a reference.</summary>
    private static OpenApiSchema NullOr(IOpenApiSchema reference, string? description) => new()
    {
        Description = description,
        OneOf =
        [
            reference,
            new OpenApiSchema { Type = JsonSchemaType.Object | JsonSchemaType.Null, Enum = [JsonNullSentinel.JsonNull] },
        ],
    };

    /// <summary><c>fields</c> leaves out every other property, also of sections.</summary>
    private static void Relax(IOpenApiSchema row, IReadOnlyDictionary<string, IOpenApiSchema> schemas, HashSet<IOpenApiSchema> relaxed)
    {
        if (!relaxed.Add(row))
        {
            return;
        }

        ((OpenApiSchema)row).Required = null;
        foreach (var part in row.Properties?.Values.Select(p => Target(p, schemas)).OfType<IOpenApiSchema>() ?? [])
        {
            Relax(part, schemas, relaxed);
        }
    }

    /// <summary>The object that a schema refers to, directly or as its only alternative to null.</summary>
    private static IOpenApiSchema? Target(IOpenApiSchema? schema, IReadOnlyDictionary<string, IOpenApiSchema> schemas) => schema switch
    {
        OpenApiSchemaReference reference => schemas[reference.Reference.Id!],
        { OneOf: [var reference, _] } => Target(reference, schemas),
        { AllOf: [var reference] } => Target(reference, schemas),
        _ => null,
    };
}
