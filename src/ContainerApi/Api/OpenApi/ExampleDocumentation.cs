using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>Metadata of an endpoint that is the same as another one under a second path: the operation's name there.</summary>
internal sealed record AliasOf(string Operation);

/// <summary>
/// Adds examples to the document: files in <c>Examples</c>, named <c>OPERATION.request.EXTENSION</c> or
/// <c>OPERATION.STATUS.EXTENSION</c>. The extension stands for the media type. A test compares them with the schemas.
/// </summary>
internal sealed class ExampleDocumentation : IOperationFilter
{
    private const string Request = "request";
    private const string Prefix = "Examples.";

    private static readonly IReadOnlyDictionary<string, string> MediaTypeOf = new Dictionary<string, string>
    {
        ["json"] = MediaTypes.Json,
        ["ndjson"] = MediaTypes.Ndjson,
        ["sse"] = MediaTypes.EventStream,
        ["txt"] = MediaTypes.Text,
        ["csv"] = MediaTypes.Csv,
        ["dockerfile"] = "text/x-dockerfile",
    };

    private static readonly ILookup<string, (string Place, string Extension, string Text)> Examples = ReadAll();

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var alias = context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<AliasOf>().FirstOrDefault();
        foreach (var (place, extension, text) in Examples[alias?.Operation ?? operation.OperationId ?? ""])
        {
            var content = place == Request ? operation.RequestBody?.Content : operation.Responses?.GetValueOrDefault(place)?.Content;
            if (content is null || !content.TryGetValue(MediaTypeOf[extension], out var media) || media is not OpenApiMediaType typed)
            {
                throw new InvalidOperationException($"The example {operation.OperationId}.{place}.{extension} matches no content of the operation.");
            }

            typed.Example = extension == "json" ? JsonNode.Parse(text) : JsonValue.Create(text);
        }
    }

    private static ILookup<string, (string Place, string Extension, string Text)> ReadAll()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                var parts = name[Prefix.Length..].Split('.');
                return (Operation: parts[0], Example: (parts[1], parts[2], reader.ReadToEnd()));
            })
            .ToLookup(e => e.Operation, e => e.Example);
    }
}
