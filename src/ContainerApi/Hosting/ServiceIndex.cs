using System.Reflection;
using System.Text.Json.Serialization;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Hosting;

/// <summary>The entry point of the API.</summary>
/// <param name="Name">The name of the service.</param>
/// <param name="Version">The version of the HTTP contract, as in the header <c>ContainerApi-Version</c>.</param>
/// <param name="Links">Paths by name.</param>
/// <param name="Caller">The caller of this request; null where its credentials are missing or invalid.</param>
public sealed record ServiceDescription(
    string Name, string Version, IReadOnlyDictionary<string, string> Links, [property: JsonRequired] CallerDescription? Caller);

/// <summary>The caller of a request.</summary>
/// <param name="Name"><c>key:NAME</c> or <c>jwt:ISSUER:SUBJECT</c>; null without credentials, where none are required.</param>
/// <param name="Scopes">The scopes that the caller can use. A read-only service leaves out those of changes.</param>
/// <param name="ReadOnly">Whether the service refuses every change.</param>
/// <param name="ExpiresAt">When the credentials expire; null for never.</param>
public sealed record CallerDescription(
    [property: JsonRequired] string? Name, IReadOnlyList<string> Scopes, bool ReadOnly, [property: JsonRequired] DateTimeOffset? ExpiresAt);

/// <summary>Maps <c>GET /</c> and the pages of the problem types.</summary>
internal static class ServiceIndex
{
    private const string Problems = "problems.md";

    private static readonly string[] Resources = ["containers", "summary", "images", "builds", "engines"];

    private static readonly IReadOnlyDictionary<string, string> Unversioned = new Dictionary<string, string>
    {
        ["openapi"] = "/openapi.json",
        ["documentation"] = "/swagger",
        ["problems"] = "/problems",
        ["metrics"] = "/metrics",
        ["health"] = "/healthz",
        ["readiness"] = "/readyz",
    };

    public static void MapServiceIndex(this IEndpointRouteBuilder app)
    {
        app.MapGet("/", Describe)
            .AllowAnonymous()
            .WithTags("Service").WithName("getService")
            .WithSummary("Describe the service")
            .WithDescription("Returns the name and version of the service, the paths of its resources, and what the caller may do. Needs no key. "
                + "A client that prefers `text/html`, as browsers do, gets the web page.")
            .CanFailWith(ErrorCode.RateLimited);

        var problems = ReadProblems();
        app.MapGet("/problems", () => TypedResults.Text(problems, MediaTypes.Markdown)).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/problems/{code}", (string code) => Section(problems, code)).AllowAnonymous().ExcludeFromDescription();
    }

    private static Ok<ServiceDescription> Describe(HttpContext http, SecuritySettings settings)
    {
        AuthenticationFailures.ThrowIfTooMany(http);
        return TypedResults.Ok(new ServiceDescription(
            ServiceVersion.Name,
            ServiceVersion.Current,
            Resources.Select(name => KeyValuePair.Create(name, $"{http.Request.PathBase}/{name}")).Concat(Unversioned).ToDictionary(),
            DescribeCaller(http.GetCaller(), settings.Current.ReadOnly, http.GetExpiry())));
    }

    private static CallerDescription? DescribeCaller(Caller? caller, bool readOnly, DateTimeOffset? expiresAt) => caller is null
        ? null
        : new CallerDescription(
            caller.Owner, [.. Scopes.All.Where(s => caller.Scopes.Contains(s) && !(readOnly && Scopes.Changes(s)))], readOnly, expiresAt);

    /// <summary>Returns the section of <c>docs/problems.md</c> about one code.</summary>
    private static ContentHttpResult Section(string problems, string code)
    {
        var heading = $"\n## {code}\n";
        var begin = problems.IndexOf(heading, StringComparison.Ordinal);
        if (begin < 0)
        {
            throw new ApiException(ErrorCode.NotFound, $"Unknown problem '{code}'. GET /problems lists all.");
        }

        var end = problems.IndexOf("\n## ", begin + heading.Length, StringComparison.Ordinal);
        return TypedResults.Text(problems[(begin + 1)..(end < 0 ? problems.Length : end)], MediaTypes.Markdown);
    }

    private static string ReadProblems()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(Problems)!);
        return reader.ReadToEnd();
    }
}
