using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api.Requests;

/// <summary>Reads a request record and reports all errors at once.</summary>
internal static class RequestReader
{
    /// <summary>Reads a request from the route, the query and the headers.</summary>
    /// <exception cref="ApiException">A parameter is unknown or invalid.</exception>
    public static T ReadQuery<T>(HttpContext http)
        where T : class =>
        Read<T>(http, FieldsOf(http.Request.Query));

    /// <summary>Reads a request from a JSON object, the route and the headers.</summary>
    /// <exception cref="ApiException">The body is not a JSON object, or a field is unknown or invalid.</exception>
    /// <exception cref="BadHttpRequestException">The body is not JSON, or is too large.</exception>
    public static async Task<T> ReadBodyAsync<T>(HttpContext http)
        where T : class
    {
        // A charset that .NET does not know has no encoding.
        if (!http.Request.HasJsonContentType()
            || !MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type)
            || (type.Charset.HasValue && type.Encoding is null))
        {
            throw new UnsupportedMediaTypeException(http.Request, new BodyTypes([MediaTypes.Json]));
        }

        // The server's limit is that of a body in memory.
        var limit = http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? int.MaxValue;
        Stream body = await RequestBodies.ReadAsync(http, limit, new BadHttpRequestException("Too large.", StatusCodes.Status413PayloadTooLarge));
        var utf8 = type.Encoding is { } encoding and not UTF8Encoding ? Encoding.CreateTranscodingStream(body, encoding, Encoding.UTF8) : body;
        return await ReadJsonAsync<T>(http, utf8);
    }

    /// <inheritdoc cref="ReadBodyAsync"/>
    public static async Task<T> ReadJsonAsync<T>(HttpContext http, Stream body, RequestErrors? errors = null)
        where T : class
    {
        errors ??= new RequestErrors();
        using var document = await ParseAsync(body, http.RequestAborted);
        var fields = FieldsOf(document.RootElement, errors);
        AddQuery(RequestDefinition.Of(typeof(T)), fields, http.Request.Query, errors);
        return Read<T>(http, fields, errors, inJson: true);
    }

    /// <summary>Returns the fields of a query.</summary>
    public static Dictionary<string, ParameterInput> FieldsOf(IEnumerable<KeyValuePair<string, StringValues>> query) =>
        query.ToDictionary(q => q.Key, q => new ParameterInput(q.Value, Name: q.Key), StringComparer.OrdinalIgnoreCase);

    /// <param name="fields">All fields in the query, the form or the body, by name.</param>
    /// <param name="errors">Errors that are known before.</param>
    /// <param name="inJson">Whether the fields are in a JSON body.</param>
    /// <exception cref="ApiException">A parameter is unknown or invalid.</exception>
    public static T Read<T>(
        HttpContext http, IReadOnlyDictionary<string, ParameterInput> fields, RequestErrors? errors = null, bool inJson = false)
        where T : class
    {
        errors ??= new RequestErrors();
        // Errors that are found later name the fields as the request does.
        http.Features.Set(errors.Names);
        var definition = RequestDefinition.Of(typeof(T));
        ReportUnknown(definition, fields.Keys, errors, inJson);
        var request = (T)definition.Create(
            parameter =>
            {
                var input = parameter.Declaration.In switch
                {
                    ParameterPlace.Route => new ParameterInput(RouteText(http, parameter.Name)),
                    ParameterPlace.Header => new ParameterInput(http.Request.Headers[parameter.Name]),
                    _ => Find(parameter, fields, errors, inJson),
                };
                errors.Names.Add(parameter, input.Name ?? parameter.Name, !input.IsMissing);
                return input;
            },
            errors);
        Validate(http.RequestServices, request, errors);
        errors.ThrowIfAny();
        return request;
    }

    /// <summary>Returns a value in the path; null without one. Routing keeps an escaped slash.</summary>
    public static string? RouteText(HttpContext http, string name) =>
        http.GetRouteValue(name)?.ToString()?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a nested object of a JSON body.</summary>
    public static object ReadFields(RequestDefinition definition, JsonElement json, RequestErrors errors)
    {
        var fields = FieldsOf(json, errors);
        ReportUnknown(definition, fields.Keys, errors, inJson: true);
        return definition.Create(p => Find(p, fields, errors, inJson: true), errors);
    }

    /// <summary>Returns the value of a parameter, which may have one of its names.</summary>
    private static ParameterInput Find(
        RequestParameter parameter, IReadOnlyDictionary<string, ParameterInput> fields, RequestErrors errors, bool inJson)
    {
        var given = parameter.NamesIn(inJson).Where(fields.ContainsKey).Select(n => fields[n].Name ?? n).ToList();
        foreach (var other in given.Skip(1))
        {
            errors.Add(other, $"must not be given with {given[0]}: it is another name of {given[0]}.");
        }

        var name = given.FirstOrDefault() ?? parameter.NameIn(inJson);
        return fields.GetValueOrDefault(name) with { Name = name };
    }

    /// <summary>Adds the fields of a JSON body that may be in the query instead.</summary>
    private static void AddQuery(
        RequestDefinition definition, Dictionary<string, ParameterInput> fields, IQueryCollection query, RequestErrors errors)
    {
        var allowed = definition.Fields(inJson: true).Where(f => f.Declaration.CanBeInQuery).Select(f => f.Name).ToList();
        foreach (var (name, values) in query)
        {
            if (!allowed.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                var isField = definition.Fields(inJson: true).Any(f => f.NamesIn(json: true).Contains(name, StringComparer.OrdinalIgnoreCase));
                errors.Add(name, isField ? "must not be in the query: it is a field of the JSON body."
                    : allowed.Count == 0 ? "is an unknown parameter. This endpoint has no parameters in the query."
                    : $"is an unknown parameter. Allowed parameters: {string.Join(", ", allowed)}.");
            }
            else if (!fields.TryAdd(name, new ParameterInput(values, Name: name)) && !fields[name].IsText(values))
            {
                errors.Add(name, "must be the same in the query and in the body, or be in one of them.");
            }
        }
    }

    private static async Task<JsonDocument> ParseAsync(Stream body, CancellationToken cancellationToken)
    {
        if (body is { CanSeek: true, Length: 0 })
        {
            throw new ApiException(ErrorCode.InvalidRequest, "The body is empty; send a JSON object, at least {}.");
        }

        try
        {
            var document = await JsonDocument.ParseAsync(body, default, cancellationToken);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw new ApiException(ErrorCode.InvalidRequest, "The body must be a JSON object.");
        }
        catch (JsonException e)
        {
            throw new BadHttpRequestException("The body is not JSON.", StatusCodes.Status400BadRequest, e);
        }
    }

    private static Dictionary<string, ParameterInput> FieldsOf(JsonElement json, RequestErrors errors)
    {
        var fields = new Dictionary<string, ParameterInput>(StringComparer.OrdinalIgnoreCase);
        foreach (var property in json.EnumerateObject())
        {
            var name = NameOf(property);
            if (!fields.TryAdd(name, new ParameterInput(default, property.Value, name)))
            {
                errors.Add(name, "must be given once.");
            }
        }

        return fields;
    }

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            // JSON can escape half of a surrogate pair.
            return "\uFFFD";
        }
    }

    private static void ReportUnknown(RequestDefinition definition, IEnumerable<string> names, RequestErrors errors, bool inJson)
    {
        var known = definition.Fields(inJson).SelectMany(p => p.NamesIn(inJson)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var documented = definition.DocumentedFields(inJson).Select(p => p.NameIn(inJson)).ToList();
        var noun = inJson ? "field" : "parameter";
        foreach (var name in names.Where(n => !known.Contains(n)))
        {
            errors.Add(name, $"is an unknown {noun}. " + (definition.Hints.TryGetValue(name, out var hint) ? hint
                : documented.Count == 0 ? $"This endpoint has no {noun}s."
                : $"Allowed {noun}s: {string.Join(", ", documented)}."));
        }
    }

    /// <summary>Applies the rules across fields, where the request has a validator. One error for a field is enough.</summary>
    private static void Validate<T>(IServiceProvider services, T request, RequestErrors errors)
    {
        foreach (var failure in services.GetService<IValidator<T>>()?.Validate(errors.ToContext(request)).Errors ?? [])
        {
            var field = errors.Names.NameOf(JsonNamingPolicy.CamelCase.ConvertName(failure.PropertyName));
            if (!errors.Has(field))
            {
                errors.Add(field, failure.ErrorMessage, failure.ErrorCode);
            }
        }
    }
}
