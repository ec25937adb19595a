using System.Text.Json;
using FluentValidation;
using Microsoft.Extensions.Primitives;

namespace ContainerApi.Api.Requests;

/// <summary>Reads a request record and reports all errors at once.</summary>
internal static class RequestReader
{
    /// <summary>Reads a request from the route, the query and the headers.</summary>
    /// <exception cref="ApiException">A parameter is unknown or invalid.</exception>
    public static T ReadQuery<T>(HttpContext http)
        where T : class
    {
        var query = http.Request.Query;
        return Read<T>(http, query.Keys, parameter => parameter.Declaration.In switch
        {
            // Routing keeps an escaped slash.
            ParameterPlace.Route => http.GetRouteValue(parameter.Name)?.ToString()?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase),
            ParameterPlace.Header => http.Request.Headers[parameter.Name],
            _ => query[parameter.Name],
        });
    }

    /// <param name="names">The names of all fields in the query or the form.</param>
    /// <param name="texts">Returns the texts of a parameter; none for a missing parameter.</param>
    /// <exception cref="ApiException">A parameter is unknown or invalid.</exception>
    public static T Read<T>(HttpContext http, IEnumerable<string> names, Func<RequestParameter, StringValues> texts)
        where T : class
    {
        var errors = new RequestErrors();
        var definition = RequestDefinition.Of(typeof(T));
        var known = definition.Parameters.Where(p => p.Declaration.In == ParameterPlace.Query).Select(p => p.Name).ToList();
        foreach (var name in names.Where(n => !known.Contains(n, StringComparer.OrdinalIgnoreCase)))
        {
            errors.Add(name, known.Count == 0
                ? "is an unknown parameter. This endpoint has no parameters."
                : $"is an unknown parameter. Allowed parameters: {string.Join(", ", known)}.");
        }

        var request = (T)definition.Create(texts, errors);
        if (!errors.Any)
        {
            Validate(http.RequestServices, request, errors);
        }

        errors.ThrowIfAny();
        return request;
    }

    /// <summary>Applies the rules across fields, where the request has a validator.</summary>
    private static void Validate<T>(IServiceProvider services, T request, RequestErrors errors)
    {
        foreach (var failure in services.GetService<IValidator<T>>()?.Validate(request).Errors ?? [])
        {
            errors.Add(JsonNamingPolicy.CamelCase.ConvertName(failure.PropertyName), failure.ErrorMessage, failure.ErrorCode);
        }
    }
}
