using ContainerApi.Api.Requests;
using Microsoft.AspNetCore.Routing.Template;

namespace ContainerApi.Api;

/// <summary>Answers a method that a path does not have with 405, and <c>OPTIONS</c> with 204, both with the methods of the path.</summary>
internal static class AllowedMethods
{
    private static readonly Endpoint NotAllowed = new(
        http =>
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        },
        EndpointMetadataCollection.Empty,
        displayName: null);

    public static void UseAllowedMethods(this WebApplication app) => app.Use(async (http, next) =>
    {
        // Routing lets DELETE /images/{**reference} match a path without a reference.
        if (http.GetEndpoint() is RouteEndpoint endpoint && IsIncomplete(endpoint, http.Request.RouteValues))
        {
            http.SetEndpoint(NotAllowed);
        }

        await next(http);
        if (http.Response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false })
        {
            http.Response.Headers.Allow = string.Join(", ", FindMethods(http));
            if (HttpMethods.IsOptions(http.Request.Method))
            {
                http.Response.StatusCode = StatusCodes.Status204NoContent;
            }
        }
    });

    private static IEnumerable<string> FindMethods(HttpContext http) =>
        http.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => Matches(endpoint, http.Request.Path))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            .Distinct()
            .Order(StringComparer.Ordinal);

    private static bool Matches(RouteEndpoint endpoint, PathString path)
    {
        var values = new RouteValueDictionary();
        return new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(path, values) && !IsIncomplete(endpoint, values);
    }

    /// <summary>Whether the path lacks the parameter of a request. The pages of Swagger UI need none.</summary>
    private static bool IsIncomplete(RouteEndpoint endpoint, RouteValueDictionary values) =>
        endpoint.RoutePattern.Parameters is [.., { IsCatchAll: true } rest] && values[rest.Name] is null
        && endpoint.Metadata.GetMetadata<RequestMetadata>() is not null;
}
