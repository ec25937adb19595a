using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

internal static class ErrorCodesExtensions
{
    /// <summary>Documents <paramref name="codes"/> and the errors of a call to an engine.</summary>
    public static TBuilder ProducesEngineProblems<TBuilder>(this TBuilder builder, params IReadOnlyList<ErrorCode> codes)
        where TBuilder : IEndpointConventionBuilder =>
        builder.CanFailWith([.. codes, ErrorCode.EngineNotFound, ErrorCode.EngineError, ErrorCode.EngineUnavailable, ErrorCode.EngineTimeout]);

    /// <summary>Documents errors of an endpoint or of a group of endpoints.</summary>
    public static TBuilder CanFailWith<TBuilder>(this TBuilder builder, params IReadOnlyList<ErrorCode> codes)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ErrorCodes(codes));
}

/// <summary>Documents the problem details of each operation: one response for each status, with its codes and an example for each code.</summary>
internal sealed class ProblemDocumentation : IOperationFilter
{
    private const string Schema = "ProblemDetails";

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var schemas = context.SchemaRepository;
        if (!schemas.Schemas.ContainsKey(Schema))
        {
            schemas.AddDefinition(Schema, Problem());
        }

        var codes = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<ErrorCodes>().SelectMany(m => m.Codes).ToHashSet();
        if (context.ApiDescription.HttpMethod != HttpMethods.Get)
        {
            // A body where none is read.
            codes.Add(ErrorCode.UnsupportedMediaType);
        }

        foreach (var status in ErrorCode.All.Where(codes.Contains).GroupBy(c => c.Status))
        {
            operation.Responses![status.Key.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = $"Problem details. Codes: {string.Join(", ", status.Select(c => $"`{c.Code}` ({c.Title.TrimEnd('.')})"))}.",
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    [MediaTypes.Problem] = new OpenApiMediaType
                    {
                        Schema = new OpenApiSchemaReference(Schema, context.Document),
                        Examples = status.ToDictionary(c => c.Code, c => (IOpenApiExample)new OpenApiExample { Value = Example(c) }),
                    },
                },
            };
        }
    }

    private static JsonObject Example(ErrorCode code) => new()
    {
        ["type"] = code.Type,
        ["title"] = code.Title,
        ["status"] = code.Status,
        ["detail"] = "The reason in this case.",
        ["code"] = code.Code,
        ["traceId"] = "0af7651916cd43dd8448eb211c80319c",
    };

    private static OpenApiSchema Problem() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "An error as RFC 9457 defines it.",
        Required = new HashSet<string> { "type", "title", "status", "detail", "code", "traceId" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = Text("The type of the problem: the path of its documentation.", "/problems/container_not_found"),
            ["title"] = Text("The type of the problem in words.", "No such container."),
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status.", Examples = [JsonValue.Create(404)] },
            ["detail"] = Text("The reason in this case.", "There is no container 'web'."),
            ["code"] = Code(),
            ["traceId"] = Text("The id of the request in the service's log.", "0af7651916cd43dd8448eb211c80319c"),
            ["engine"] = Text("The engine that caused the problem. Absent if none did."),
            ["matches"] = Objects("The first ten containers or images that an ambiguous reference matches.", new()
            {
                ["engine"] = Text("The engine."),
                ["id"] = Text("The id of the container or image."),
                ["name"] = Text("The container's name. Absent for an image."),
            }),
            ["buildId"] = Text("The id of a failed build with `mode=wait`. Absent for other problems, as are the next five."),
            ["reason"] = Text("The code of the build's error."),
            ["step"] = Nullable(JsonSchemaType.String, "The name of the failed step; null if no step failed."),
            ["exitCode"] = Nullable(JsonSchemaType.Integer, "The exit code of the step's command; null if there is none."),
            ["warnings"] = Objects("The warnings of the build.", new()
            {
                ["text"] = Text("The warning."),
                ["line"] = Nullable(JsonSchemaType.Integer, "The line of the Dockerfile, from 1; null if it has none."),
                ["url"] = Nullable(JsonSchemaType.String, "The page about the warning; null if there is none."),
            }),
            ["log"] = Texts("The last lines of the build's log."),
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "The messages for each invalid field.",
                AdditionalProperties = Texts(null),
            },
        },
    };

    private static OpenApiSchema Code()
    {
        var code = AnswerSchemas.ExtensibleEnum(ErrorCode.All.Select(c => c.Code));
        code.Description = "The stable code of the type, for programs.";
        code.Examples = [JsonValue.Create("container_not_found")];
        return code;
    }

    private static OpenApiSchema Nullable(JsonSchemaType type, string description) =>
        new() { Type = type | JsonSchemaType.Null, Description = description };

    private static OpenApiSchema Objects(string description, Dictionary<string, IOpenApiSchema> properties) => new()
    {
        Type = JsonSchemaType.Array,
        Description = description,
        Items = new OpenApiSchema { Type = JsonSchemaType.Object, Properties = properties },
    };

    private static OpenApiSchema Texts(string? description) => new()
    {
        Type = JsonSchemaType.Array,
        Description = description,
        Items = new OpenApiSchema { Type = JsonSchemaType.String },
    };

    private static OpenApiSchema Text(string description, string? example = null) =>
        new() { Type = JsonSchemaType.String, Description = description, Examples = example is null ? null : [JsonValue.Create(example)] };
}
