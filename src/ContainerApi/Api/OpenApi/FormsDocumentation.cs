using System.Reflection;
using System.Text.Json.Serialization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>On a converter: the other forms that a JSON document may write a list in.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AlsoWrittenAsAttribute(params JsonSchemaType[] types) : Attribute
{
    /// <summary><c>String</c> or <c>Object</c>; an object of the list's items where these are objects, else one of names and texts.</summary>
    public IReadOnlyList<JsonSchemaType> Types { get; } = types;
}

/// <summary>Says of a list that may be written otherwise in which forms: <c>oneOf</c>.</summary>
internal sealed class FormsDocumentation : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (context.MemberInfo?.GetCustomAttribute<JsonConverterAttribute>()?.ConverterType?.GetCustomAttribute<AlsoWrittenAsAttribute>() is not { } also
            || schema is not OpenApiSchema { Items: { } items } list)
        {
            return;
        }

        list.OneOf =
        [
            .. also.Types.Select(type => type == JsonSchemaType.String ? new OpenApiSchema { Type = type }
                : items is OpenApiSchemaReference ? items
                : new OpenApiSchema { Type = type, AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String } }),
            new OpenApiSchema { Type = list.Type, Items = items },
        ];
        (list.Type, list.Items) = (null, null);
    }
}
