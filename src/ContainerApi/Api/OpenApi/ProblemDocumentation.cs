using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Which problems an endpoint can answer with.</summary>
internal sealed record ErrorCodes(IReadOnlyList<ErrorCode> Codes);

internal static class ErrorCodesExtensions
{
    /// <summary>Documents what an endpoint that asks one engine can end with because of it, and <paramref name="codes"/> of its own.</summary>
    public static RouteHandlerBuilder ProducesEngineProblems(this RouteHandlerBuilder builder, params IReadOnlyList<ErrorCode> codes) =>
        builder.CanFailWith([.. codes, ErrorCode.EngineNotFound, ErrorCode.EngineError, ErrorCode.EngineUnavailable, ErrorCode.EngineTimeout]);

    /// <summary>Documents the problems that an endpoint can answer with, beside those that its filters add.</summary>
    public static RouteHandlerBuilder CanFailWith(this RouteHandlerBuilder builder, params IReadOnlyList<ErrorCode> codes)
    {
        foreach (var status in codes.Select(c => c.Status).Distinct())
        {
            builder.ProducesProblem(status);
        }

        return builder.WithMetadata(new ErrorCodes(codes));
    }
}

/// <summary>Describes problems as they are sent: our extensions in the schema, and by each status the codes it can carry. Opens what
/// several schemas describe together.</summary>
internal sealed class ProblemDocumentation : IDocumentFilter, IOperationFilter
{
    private const string Schema = "ProblemDetails";

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        if (swaggerDoc.Components?.Schemas is { } schemas && schemas.ContainsKey(Schema))
        {
            schemas[Schema] = Problem();
        }

        // A type and its base describe one object together: neither may forbid what the other has.
        foreach (var schema in swaggerDoc.Components?.Schemas?.Values.OfType<OpenApiSchema>().Where(s => s.Discriminator is not null || s.AllOf is { Count: > 0 }) ?? [])
        {
            schema.AdditionalPropertiesAllowed = true;
        }
    }

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var (status, response) in operation.Responses ?? [])
        {
            if (!int.TryParse(status, CultureInfo.InvariantCulture, out var number) || number < 400)
            {
                continue;
            }

            var codes = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<ErrorCodes>()
                .SelectMany(m => m.Codes).Where(c => c.Status == number).Distinct().ToList();
            response.Description = "A problem; codes of this status: " + string.Join(", ", codes.Select(c => $"`{c.Code}` ({c.Title.TrimEnd('.')})")) + ".";
            if (response.Content is { } content && content.TryGetValue(MediaTypes.Problem, out var media) && media is OpenApiMediaType problem)
            {
                problem.Examples = codes.ToDictionary(c => c.Code, c => (IOpenApiExample)new OpenApiExample { Value = Example(c) });
            }
        }
    }

    private static JsonObject Example(ErrorCode code) => new()
    {
        ["type"] = code.Type,
        ["title"] = code.Title,
        ["status"] = code.Status,
        ["detail"] = "What it was this time.",
        ["code"] = code.Code,
        ["traceId"] = "0af7651916cd43dd8448eb211c80319c",
    };

    private static OpenApiSchema Problem() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "What went wrong, as RFC 9457 says it.",
        Required = new HashSet<string> { "type", "title", "status", "detail", "code", "traceId" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = Text("A stable address for the kind of problem.", "urn:containerapi:problem:container_not_found"),
            ["title"] = Text("The kind of problem in words.", "No such container."),
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status.", Examples = [JsonValue.Create(404)] },
            ["detail"] = Text("What it was this time.", "There is no container 'web'."),
            ["code"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = "The stable code to act upon.",
                Enum = [.. ErrorCode.All.Select(c => JsonValue.Create(c.Code))],
                Examples = [JsonValue.Create("container_not_found")],
            },
            ["traceId"] = Text("Finds the request in the service's log.", "0af7651916cd43dd8448eb211c80319c"),
            ["engine"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The engine that was asked; absent where none was." },
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "Messages by field, where fields are to blame.",
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            },
        },
    };

    private static OpenApiSchema Text(string description, string example) =>
        new() { Type = JsonSchemaType.String, Description = description, Examples = [JsonValue.Create(example)] };
}
