using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>
/// Documents the bodies of responses that are not JSON. A stream is bytes, which clients read as they arrive; <c>x-oai-itemSchema</c> (OpenAPI 3.2:
/// <c>itemSchema</c>) is the schema of each of its lines. Tables and CSV are text.
/// </summary>
internal sealed class ContentDocumentation : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var response in context.ApiDescription.SupportedResponseTypes)
        {
            var status = response.StatusCode.ToString(CultureInfo.InvariantCulture);
            var content = operation.Responses?.GetValueOrDefault(status)?.Content;
            if (content is null || response.Type is not { } type)
            {
                continue;
            }

            var isStream = !content.ContainsKey(MediaTypes.Json) && content.ContainsKey(MediaTypes.Ndjson);
            foreach (var (mediaType, media) in content.Select(c => (c.Key, Value: (OpenApiMediaType)c.Value)))
            {
                if (mediaType is MediaTypes.Ndjson or MediaTypes.EventStream)
                {
                    media.Schema = Bytes();
                    var line = Line(type, context);
                    media.ItemSchema = mediaType == MediaTypes.Ndjson ? line : ServerSentEvent();
                }
                else if (mediaType is not MediaTypes.Json and not MediaTypes.Problem)
                {
                    media.Schema = isStream || !mediaType.StartsWith("text/", StringComparison.Ordinal) ? Bytes() : Text();
                }
            }
        }
    }

    /// <summary>The content of a request body that is not JSON.</summary>
    public static OpenApiSchema RequestContent(string mediaType) =>
        mediaType == MediaTypes.Form ? Form()
        : mediaType.StartsWith("text/", StringComparison.Ordinal) ? Text()
        : Bytes();

    private static OpenApiSchema Bytes() => new() { Type = JsonSchemaType.String, Format = "binary" };

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    /// <summary>
    /// The parameters are not listed: generated clients would have each of them twice, because the query has them, too.
    /// </summary>
    private static OpenApiSchema Form() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "Each part with a file name is a file; its name does not matter, except `secret:ID`, `ssh:ID` and `context:NAME` before the "
            + "first file. Parts without a file name before the first file are parameters, named as in the query.",
        Required = new HashSet<string> { "file" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["file"] = new OpenApiSchema { Type = JsonSchemaType.Array, Description = "The files.", Items = Bytes() },
        },
        AdditionalProperties = Text(),
    };

    /// <summary>One of the known lines, or a line of a type that this version does not know.</summary>
    private static OpenApiSchema Line(Type type, OperationFilterContext context)
    {
        var lines = EventTypes.Of(type).Select(t => t.Type).ToList();
        return new OpenApiSchema { AnyOf = lines.Count > 0 ? [.. lines.Append(type).Select(Reference)] : [Row(), Result()] };

        IOpenApiSchema Reference(Type line) => context.SchemaGenerator.GenerateSchema(line, context.SchemaRepository);

        // The lines of a list are its rows, and one with everything else.
        OpenApiSchema Row() => new()
        {
            Description = "A row of the list.",
            AllOf = [Reference(type.GetProperty("Items")?.PropertyType.GetGenericArguments()[0] ?? type), Object([])],
        };

        OpenApiSchema Result()
        {
            var list = context.SchemaRepository.Schemas.GetValueOrDefault(type.Name)?.Properties;
            var result = Object(list?.ContainsKey("items") == true ? list.Where(p => p.Key != "items").ToDictionary() : []);
            result.Description = "The last line.";
            result.Properties!["state"] = Text();
            result.Properties["error"] = new OpenApiSchema { Type = JsonSchemaType.Object | JsonSchemaType.Null };
            return result;
        }

        OpenApiSchema Object(Dictionary<string, IOpenApiSchema> properties) => new()
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "type" },
            Properties = new Dictionary<string, IOpenApiSchema>(properties) { ["type"] = Text() },
        };
    }

    private static OpenApiSchema ServerSentEvent() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "event", "data" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["event"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The `type` of the line." },
            ["id"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The value of `Last-Event-ID` that resumes after this event." },
            ["data"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = $"The line as in `{MediaTypes.Ndjson}`." },
        },
    };
}
