using Microsoft.AspNetCore.Routing.Patterns;

namespace ContainerApi.Api;

/// <summary>Says what is near to a path that does not exist.</summary>
internal static class UnknownPath
{
    /// <summary>Longer paths have no suggestion, because the comparison takes time in proportion to the square of the length.</summary>
    private const int MaxLength = 100;

    /// <summary>At most one letter of this many is wrong.</summary>
    private const int LettersPerMistake = 3;

    /// <summary>Last segments below one thing that others name so, and those of this API.</summary>
    private static readonly Dictionary<(string Resource, string Last), string> OtherNames = new()
    {
        [("builds", "log")] = "events",
        [("builds", "logs")] = "events",
        [("containers", "top")] = "processes",
    };

    public static string Describe(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "";
        // What is not part of a version is not rebased, and has pages and documents below it that are no routes of their own.
        var near = path.Length > MaxLength ? null
            : path.StartsWith("/v1/", StringComparison.Ordinal) ? (HttpMethods.IsGet(http.Request.Method) ? path[3..] : null)
            : FindNear(http, SegmentsOf(path));
        return (near is null ? "There is no such path." : $"There is no such path. Did you mean {http.Request.PathBase}{near}?")
            + $" GET {http.Request.PathBase}/ lists the resources.";
    }

    private static string? FindNear(HttpContext http, string[] path) =>
        http.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => !e.RoutePattern.RawText!.StartsWith("/problems", StringComparison.Ordinal) && HasMethod(e, http.Request.Method))
            .Select(e => TryMatch(e.RoutePattern, path, out var near, out var mistakes)
                ? (Near: near, Mistakes: mistakes)
                : default)
            .Where(m => m.Near is not null)
            .OrderBy(m => m.Mistakes)
            .FirstOrDefault().Near;

    private static string[] SegmentsOf(string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return segments is [var resource, var id, var last] && OtherNames.TryGetValue((resource, last), out var name)
            ? [resource, id, name]
            : segments;
    }

    private static bool HasMethod(RouteEndpoint endpoint, string method) =>
        endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods
            .Contains(HttpMethods.IsHead(method) ? HttpMethods.Get : method, StringComparer.OrdinalIgnoreCase) is not false;

    /// <summary>Whether the path is the route with a few wrong letters.</summary>
    /// <param name="near">The path without the mistakes.</param>
    private static bool TryMatch(RoutePattern route, string[] path, out string? near, out int mistakes)
    {
        (near, mistakes) = (null, 0);
        if (route.PathSegments.Count != path.Length || path.Length == 0)
        {
            return false;
        }

        var segments = new List<string>();
        for (var i = 0; i < path.Length; i++)
        {
            if (route.PathSegments[i].Parts is not [RoutePatternLiteralPart literal])
            {
                segments.Add(path[i]);
                continue;
            }

            var distance = Distance(literal.Content, path[i].ToLowerInvariant());
            if (distance * LettersPerMistake > literal.Content.Length)
            {
                return false;
            }

            mistakes += distance;
            segments.Add(literal.Content);
        }

        near = "/" + string.Join('/', segments);
        return true;
    }

    /// <summary>The number of letters to insert, delete or replace (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
