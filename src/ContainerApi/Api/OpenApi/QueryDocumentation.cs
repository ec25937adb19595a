using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>
/// Documents the values of a query parameter that is bound as text, so that an invalid value is reported by name.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class QueryValueAttribute(string type = "string") : Attribute
{
    /// <summary><c>boolean</c>, <c>integer</c> or <c>string</c>.</summary>
    public string Type { get; } = type;

    /// <summary>The value if the parameter is omitted.</summary>
    public string? Default { get; init; }

    public string? Example { get; init; }

    /// <summary>The only values allowed.</summary>
    public string[]? Allowed { get; init; }

    public double Minimum { get; init; } = double.NaN;

    public double Maximum { get; init; } = double.NaN;
}

/// <summary>Carries <see cref="QueryValueAttribute"/> into the document.</summary>
internal sealed class QueryDocumentation : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var description in context.ApiDescription.ParameterDescriptions)
        {
            var attribute = (description.ParameterDescriptor as Microsoft.AspNetCore.Mvc.Infrastructure.IParameterInfoParameterDescriptor)
                ?.ParameterInfo.GetCustomAttribute<QueryValueAttribute>()
                ?? description.CustomAttributes().OfType<QueryValueAttribute>().FirstOrDefault();
            if (attribute is null
                || operation.Parameters?.FirstOrDefault(p => p.Name == description.Name) is not OpenApiParameter { Schema: OpenApiSchema schema } parameter)
            {
                continue;
            }

            var value = schema.Items as OpenApiSchema ?? schema;
            value.Type = attribute.Type switch
            {
                "boolean" => JsonSchemaType.Boolean,
                "integer" => JsonSchemaType.Integer,
                _ => JsonSchemaType.String,
            };
            value.Default = Node(attribute, attribute.Default);
            value.Enum = attribute.Allowed is null ? null : [.. attribute.Allowed.Select(a => JsonValue.Create(a))];
            value.Minimum = double.IsNaN(attribute.Minimum) ? null : attribute.Minimum.ToString(System.Globalization.CultureInfo.InvariantCulture);
            value.Maximum = double.IsNaN(attribute.Maximum) ? null : attribute.Maximum.ToString(System.Globalization.CultureInfo.InvariantCulture);
            parameter.Example = Node(attribute, attribute.Example);
        }
    }

    private static JsonNode? Node(QueryValueAttribute attribute, string? text) =>
        text is null ? null : attribute.Type is "string" ? JsonValue.Create(text) : JsonNode.Parse(text);
}
