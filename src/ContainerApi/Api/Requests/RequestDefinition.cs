using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.OpenApi;

namespace ContainerApi.Api.Requests;

/// <summary>
/// The parameters of a request record, from its constructor. A constructor parameter without a <see cref="ParameterAttribute"/> is
/// a record of parameters that several requests share.
/// </summary>
internal sealed class RequestDefinition
{
    private static readonly ConcurrentDictionary<Type, RequestDefinition> Definitions = new();

    private readonly ConstructorInfo _constructor;

    /// <summary>A <see cref="RequestParameter"/> or a <see cref="RequestDefinition"/> for each constructor parameter.</summary>
    private readonly IReadOnlyList<object> _parts;

    private RequestDefinition(Type type)
    {
        Name = type.Name;
        _constructor = type.GetConstructors().Single();
        _parts = [.. _constructor.GetParameters().Select(p => p.GetCustomAttribute<ParameterAttribute>() is { } declaration
            ? (object)new RequestParameter(p, declaration)
            : Of(p.ParameterType))];
        Parameters = [.. _parts.SelectMany(p => p is RequestDefinition shared ? shared.Parameters : [(RequestParameter)p])];
        Hints = type.GetCustomAttributes<HintAttribute>().SelectMany(a => a.Names.Select(name => (name, a.Hint)))
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
    }

    public string Name { get; }
    public IReadOnlyList<RequestParameter> Parameters { get; }

    /// <summary>What to use in place of names that are no parameters.</summary>
    public IReadOnlyDictionary<string, string> Hints { get; }

    /// <summary>The parameters in the query, the form or the JSON body.</summary>
    public IEnumerable<RequestParameter> Fields(bool inJson) =>
        Parameters.Where(p => p.Declaration.In == ParameterPlace.Query || (inJson && p.Declaration.In == ParameterPlace.Json));

    /// <summary>The fields that the OpenAPI document and the errors of unknown fields name.</summary>
    public IEnumerable<RequestParameter> DocumentedFields(bool inJson) => Fields(inJson).Where(f => !f.Declaration.IsReplaced);

    public static RequestDefinition Of(Type type) => Definitions.GetOrAdd(type, t => new RequestDefinition(t));

    /// <summary>Creates the record. It is not usable if there are errors.</summary>
    public object Create(Func<RequestParameter, ParameterInput> input, RequestErrors errors) => _constructor.Invoke(
    [
        .. _parts.Select(part => part is RequestDefinition shared
            ? shared.Create(input, errors)
            : ((RequestParameter)part).Read(input((RequestParameter)part), errors)),
    ]);

    /// <summary>The schema of a JSON body.</summary>
    public OpenApiSchema ToSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Required = DocumentedFields(inJson: true).Where(f => f.IsRequired).Select(f => f.Name).ToHashSet(),
        Properties = DocumentedFields(inJson: true).ToDictionary(f => f.Name, f => (IOpenApiSchema)f.ToBodySchema()),
        AdditionalPropertiesAllowed = false,
    };
}
