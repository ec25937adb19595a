using System.Reflection;
using ContainerApi.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ContainerApi.Hosting;

/// <summary>The entry point of the API.</summary>
/// <param name="Name">The name of the service.</param>
/// <param name="Version">The version of the HTTP contract, as in the header <c>ContainerApi-Version</c>.</param>
/// <param name="Links">Paths by name.</param>
public sealed record ServiceDescription(string Name, string Version, IReadOnlyDictionary<string, string> Links);

/// <summary>Maps <c>GET /</c> and the pages of the problem types.</summary>
internal static class ServiceIndex
{
    private const string Problems = "problems.md";

    private static readonly string[] Resources = ["containers", "images", "builds", "engines"];

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
        app.MapGet("/", (HttpRequest request) => Describe(request.PathBase))
            .AllowAnonymous()
            .WithTags("Service").WithName("getService")
            .WithSummary("Describe the service")
            .WithDescription("Returns the name and version of the service, and the paths of its resources. Needs no key.");

        var problems = ReadProblems();
        app.MapGet("/problems", () => TypedResults.Text(problems, MediaTypes.Markdown)).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/problems/{code}", (string code) => Section(problems, code)).AllowAnonymous().ExcludeFromDescription();
    }

    private static Ok<ServiceDescription> Describe(PathString root) => TypedResults.Ok(new ServiceDescription(
        ServiceVersion.Name,
        ServiceVersion.Current,
        Resources.Select(name => KeyValuePair.Create(name, $"{root}/{name}")).Concat(Unversioned).ToDictionary()));

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
