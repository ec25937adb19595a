using System.Reflection;
using Microsoft.OpenApi;

namespace ContainerApi.Api.Requests;

/// <summary>One declared parameter of a request.</summary>
internal sealed class RequestParameter
{
    private readonly Type _itemType;
    private readonly ParameterValueKind _kind;

    public RequestParameter(ParameterInfo parameter, ParameterAttribute declaration)
    {
        var type = parameter.ParameterType;
        Declaration = declaration;
        Name = declaration.Name ?? JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
        IsList = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>);
        _itemType = IsList ? type.GetGenericArguments()[0] : Nullable.GetUnderlyingType(type) ?? type;
        _kind = ParameterValueKind.Of(_itemType, declaration);
        IsRequired = !IsList && declaration.Default is null && new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.NotNull;
    }

    public ParameterAttribute Declaration { get; }
    public string Name { get; }
    public bool IsRequired { get; }
    public bool IsList { get; }

    /// <summary>The name in a JSON body, or in a query or a form.</summary>
    public string NameIn(bool json) => json ? Name : Declaration.QueryName ?? Name;

    /// <summary>All names that a request may use, <see cref="NameIn"/> first.</summary>
    public IEnumerable<string> NamesIn(bool json) =>
        json && Declaration.QueryName is { } other ? [Name, other, .. Declaration.Aliases] : [NameIn(json), .. Declaration.Aliases];

    /// <summary>Reads the value from the request. An invalid value is null and is added to the errors.</summary>
    public object? Read(ParameterInput input, RequestErrors errors)
    {
        var field = input.Name ?? Name;
        try
        {
            if (input.IsMissing)
            {
                if (IsRequired)
                {
                    errors.Add(field, "is required.");
                }

                return IsList ? List([]) : Declaration.Default is { } text ? _kind.Parse(text) : null;
            }

            return IsList ? ReadList(input, errors, field) : ReadOne(input, errors, field);
        }
        catch (InvalidOperationException)
        {
            // JSON can escape half of a surrogate pair.
            return Report(field, "must be valid Unicode.", errors);
        }
    }

    /// <param name="field">The field that an error names.</param>
    private object? ReadOne(ParameterInput input, RequestErrors errors, string field)
    {
        if (input.Json is { ValueKind: JsonValueKind.Object } json && _kind.Fields is { } fields)
        {
            return RequestReader.ReadFields(fields, json, errors.Below(field));
        }

        if (input.Texts.Count > 1)
        {
            return Report(field, "must be given once.", errors);
        }

        var (value, error) = _kind.Read(input);
        // The parameter's own code is for its grammar.
        var isText = input.Json is null or { ValueKind: JsonValueKind.String };
        return error is null ? value : Report(field, error, errors, isText ? Declaration.ErrorCode : null);
    }

    private Array? ReadList(ParameterInput input, RequestErrors errors, string field)
    {
        var items = Declaration.CommaSeparated && input.Json is null
            ? [.. CommaList.Split(input.Texts).Select(t => new ParameterInput(t))]
            : input.Items(Declaration.IsObject);
        if (items is null)
        {
            Report(field, "must have names without '=', each once, and strings or null as values.", errors);
            return null;
        }

        var tooMuch = items.Count > Declaration.MaxItems ? $"must have at most {Declaration.MaxItems} values."
            : items.Sum(i => i.Length) > Declaration.MaxTotalLength ? $"must have at most {Declaration.MaxTotalLength} characters in total."
            : null;
        if (tooMuch is not null)
        {
            errors.Add(field, tooMuch);
            return null;
        }

        // The sender of a JSON array sees its indexes, so that the error of each item can name it.
        var hasIndex = input.Json is { ValueKind: JsonValueKind.Array };
        var values = new List<object?>();
        while (values.Count < items.Count && (hasIndex || values is not [.., null]))
        {
            values.Add(ReadOne(items[values.Count], errors, hasIndex ? $"{field}[{values.Count}]" : field));
        }

        return values.Contains(null) ? null : List(values);
    }

    private object? Report(string field, string error, RequestErrors errors, string? code = null)
    {
        errors.Add(field, IsList && Declaration.CommaSeparated && _kind.Allowed is { } allowed
            ? $"must be one or more of {string.Join(", ", allowed)}, separated by commas."
            : error, code);
        return null;
    }

    private Array List(List<object?> values)
    {
        var list = Array.CreateInstance(_itemType, values.Count);
        ((System.Collections.ICollection)values).CopyTo(list, 0);
        return list;
    }

    public OpenApiParameter ToOpenApi()
    {
        var schema = _kind.ToSchema(Declaration, inJson: false);
        return new OpenApiParameter
        {
            Name = NameIn(json: false),
            In = Declaration.In switch
            {
                ParameterPlace.Route => ParameterLocation.Path,
                ParameterPlace.Header => ParameterLocation.Header,
                _ => ParameterLocation.Query,
            },
            Description = Description,
            Required = IsRequired,
            Schema = IsList ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = schema, MaxItems = Declaration.MaxItems } : schema,
            Style = Declaration.CommaSeparated ? ParameterStyle.Form : null,
            Explode = !Declaration.CommaSeparated,
            Example = IsRequired ? _kind.ToJson(Declaration.Example) : null,
        };
    }

    /// <summary>
    /// The text has the default and the example. Swagger UI sends those of a schema as if its user had typed them, and generated clients
    /// require a field with a default.
    /// </summary>
    private string Description =>
        Declaration.Description
        + (Declaration.Default is { } value ? $" Default: `{value}`." : "")
        + (Declaration.Example is { } example && !IsRequired ? $" Example: `{example}`." : "");

    /// <summary>The schema of the field in a JSON body.</summary>
    public OpenApiSchema ToBodySchema()
    {
        var item = _kind.ToSchema(Declaration, inJson: true);
        if (IsList)
        {
            // One item in place of a list, and a list in place of an object, are aliases, which the document does not have.
            return Declaration.IsObject
                ? new OpenApiSchema
                {
                    Description = Description,
                    Type = JsonSchemaType.Object | JsonSchemaType.Null,
                    MaxProperties = Declaration.MaxItems,
                    AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Null },
                }
                : new OpenApiSchema
                {
                    Description = Description,
                    Type = JsonSchemaType.Array | JsonSchemaType.Null,
                    Items = item,
                    MaxItems = Declaration.MaxItems,
                };
        }

        var schema = (OpenApiSchema)item;
        schema.Description = Description;
        // OpenAPI 3.0 has no way to add null to several types.
        if (schema.Type is { } type && int.IsPow2((int)type) && !IsRequired)
        {
            schema.Type = type | JsonSchemaType.Null;
        }

        return schema;
    }
}
