using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Primitives;
using Microsoft.OpenApi;

namespace ContainerApi.Api.Requests;

/// <summary>One declared parameter of a request.</summary>
internal sealed class RequestParameter
{
    private readonly Type _itemType;
    private readonly bool _isList;
    private readonly ParameterValueKind _kind;

    public RequestParameter(ParameterInfo parameter, ParameterAttribute declaration)
    {
        var type = parameter.ParameterType;
        Declaration = declaration;
        Name = declaration.Name ?? JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
        _isList = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>);
        _itemType = _isList ? type.GetGenericArguments()[0] : Nullable.GetUnderlyingType(type) ?? type;
        _kind = ParameterValueKind.Of(_itemType, declaration);
        IsRequired = !_isList && declaration.Default is null && new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.NotNull;
    }

    public ParameterAttribute Declaration { get; }
    public string Name { get; }
    private bool IsRequired { get; }

    /// <summary>Reads the value from the texts of the request. An invalid value is null with an error.</summary>
    public (object? Value, string? Error) Read(StringValues texts)
    {
        if (texts.Count == 0)
        {
            return _isList ? (List([]), null)
                : Declaration.Default is { } text ? (_kind.Parse(text), null)
                : (null, IsRequired ? "is required." : null);
        }

        IEnumerable<string> items = !_isList ? [texts.ToString()]
            : Declaration.CommaSeparated ? texts.ToString().Split(',', StringSplitOptions.TrimEntries)
            : texts.Select(t => t ?? "");
        var values = items.Select(_kind.Parse).ToList();
        return values.Contains(null) ? (null, Expected) : (_isList ? List(values) : values[0], null);
    }

    private string Expected => _isList && Declaration.CommaSeparated && _kind.Allowed is { } allowed
        ? $"must be one or more of {string.Join(", ", allowed)}, separated by commas."
        : _kind.Expected;

    private Array List(List<object?> values)
    {
        var list = Array.CreateInstance(_itemType, values.Count);
        ((System.Collections.ICollection)values).CopyTo(list, 0);
        return list;
    }

    public OpenApiParameter ToOpenApi()
    {
        var isBounded = _kind.Type == JsonSchemaType.Integer;
        var schema = new OpenApiSchema
        {
            Type = _kind.Type,
            Enum = _kind.Allowed is { } allowed ? [.. allowed.Select(a => JsonValue.Create(a))] : null,
            Default = _kind.ToJson(Declaration.Default),
            Pattern = Declaration.Pattern is { } pattern ? $"^(?:{pattern})$" : null,
            Minimum = isBounded && Declaration.Min != int.MinValue ? $"{Declaration.Min}" : null,
            Maximum = isBounded && Declaration.Max != int.MaxValue ? $"{Declaration.Max}" : null,
        };
        return new OpenApiParameter
        {
            Name = Name,
            In = Declaration.In switch
            {
                ParameterPlace.Route => ParameterLocation.Path,
                ParameterPlace.Header => ParameterLocation.Header,
                _ => ParameterLocation.Query,
            },
            Description = Declaration.Description,
            Required = IsRequired,
            Schema = _isList ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = schema } : schema,
            Style = Declaration.CommaSeparated ? ParameterStyle.Form : null,
            Explode = !Declaration.CommaSeparated,
            Example = Declaration.Example is not { } example ? null
                : _isList ? new JsonArray([.. example.Split(',').Select(e => _kind.ToJson(e))])
                : _kind.ToJson(example),
        };
    }
}
