using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api.OpenApi;

/// <summary>The values of a string that clients know. Later versions may add to them.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class KnownValuesAttribute(params string[] values) : Attribute
{
    public IReadOnlyList<string> Values => values;
}

/// <summary>
/// Keeps the schemas of answers open, because new fields, enum values and event types are no breaking change (<c>docs/versioning.md</c>).
/// Generated clients fail at an unknown value of an <c>enum</c> or of a <c>discriminator</c>, so that neither is used. The schemas of
/// requests do not pass here: <see cref="Requests.RequestDefinition"/> writes them.
/// </summary>
internal sealed class AnswerSchemas : ISchemaFilter
{
    private const string KnownValues = "x-extensible-enum";

    /// <summary>A string with values that clients know, to which later versions may add.</summary>
    public static OpenApiSchema ExtensibleEnum(IEnumerable<string> values) => new()
    {
        Type = JsonSchemaType.String,
        Extensions = new Dictionary<string, IOpenApiExtension> { [KnownValues] = ToExtension(values) },
    };

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema answer)
        {
            return;
        }

        foreach (var part in (answer.AllOf ?? []).OfType<OpenApiSchema>().Append(answer))
        {
            part.AdditionalPropertiesAllowed = true;
        }

        if (answer.Enum is { Count: > 0 } values)
        {
            answer.Enum = null;
            answer.AddExtension(KnownValues, ToExtension(values.Where(v => v is not null).Select(v => v!.GetValue<string>())));
        }

        if (context.MemberInfo?.GetCustomAttribute<KnownValuesAttribute>() is { } known)
        {
            answer.AddExtension(KnownValues, ToExtension(known.Values));
        }

        if (context.Type.GetCustomAttribute<JsonPolymorphicAttribute>(inherit: false)?.TypeDiscriminatorPropertyName is { } discriminator)
        {
            var type = ExtensibleEnum(EventTypes.Of(context.Type).Select(t => t.Name));
            type.Description = "The type of the line. Skip lines of types that you do not know.";
            answer.Properties = new Dictionary<string, IOpenApiSchema>(answer.Properties ?? new Dictionary<string, IOpenApiSchema>())
            {
                [discriminator] = type,
            };
            answer.Required = new HashSet<string>(answer.Required ?? new HashSet<string>()) { discriminator };
        }
        else if (context.Type.BaseType is { } parent && EventTypes.Of(parent).FirstOrDefault(t => t.Type == context.Type).Name is { } name)
        {
            answer.Description = $"A line of type `{name}`. {answer.Description}".TrimEnd();
        }
    }

    private static JsonNodeExtension ToExtension(IEnumerable<string> values) => new(new JsonArray([.. values.Select(v => JsonValue.Create(v))]));
}

/// <summary>The types of the lines of a stream: the types that a record names with <see cref="JsonDerivedTypeAttribute"/>.</summary>
internal static class EventTypes
{
    public static IEnumerable<(string Name, Type Type)> Of(Type type) =>
        type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false).Select(a => ((string)a.TypeDiscriminator!, a.DerivedType));
}
