using System.Text.RegularExpressions;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Api;

public sealed class AllowedMethodsTests
{
    private static readonly HttpMethod[] Methods =
        [HttpMethod.Get, HttpMethod.Head, HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete];

    [Fact]
    public async Task Each_path_of_the_document_refuses_the_methods_that_it_does_not_have()
    {
        await using var host = new ApiHost(new FakeEngine());
        foreach (var (path, methods) in PathsOfDocument())
        {
            using var options = await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Options, path));
            Assert.Equal((path, HttpStatusCode.NoContent, methods), (path, options.StatusCode, AllowedBy(options)));
            foreach (var method in Methods.Where(m => !methods.Split(", ").Contains(m.Method)))
            {
                using var response = await host.Client.SendAsync(new HttpRequestMessage(method, path));

                Assert.Equal((path, method, methods), (path, method, AllowedBy(response)));
                var problem = await response.ReadProblemAsync(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
                Assert.Equal($"Allowed methods: {methods}.", problem.GetProperty("detail").GetString());
            }
        }
    }

    [Fact]
    public async Task Options_returns_the_methods_of_paths_beside_the_document()
    {
        await using var host = new ApiHost(Facts.Engine());
        foreach (var (path, methods) in new[]
        {
            ("/v1/containers", "GET, HEAD, POST"), ("/images/", "GET, HEAD, POST"), ("/images/team/app", "DELETE, GET, HEAD"),
            ("/swagger", "GET, HEAD"), ("/swagger/index.html", "GET, HEAD"), ("/openapi.json", "GET, HEAD"), ("/ui/app.js", "GET, HEAD"),
        })
        {
            using var response = await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Options, path));

            Assert.Equal((path, HttpStatusCode.NoContent, methods), (path, response.StatusCode, AllowedBy(response)));
        }
    }

    /// <summary>The paths, with a value for each parameter, and their methods. A fixed path is also a value of the path beside it.</summary>
    private static List<(string Path, string Methods)> PathsOfDocument()
    {
        var paths = ApiDocument.Calls.GroupBy(c => c.Path).ToDictionary(p => p.Key, p => p.Select(c => c.Method.ToUpperInvariant()).ToList());
        return
        [
            .. paths.Select(p => (
                Regex.Replace(p.Key, "{[^}]*}", "some"),
                string.Join(", ", p.Value.Concat(paths.Where(o => IsBeside(p.Key, o.Key)).SelectMany(o => o.Value))
                    .SelectMany(m => m == "GET" ? ["GET", "HEAD"] : new[] { m }).Distinct().Order(StringComparer.Ordinal)))),
        ];
    }

    private static bool IsBeside(string path, string other) =>
        other.LastIndexOf('/') is var end && other.IndexOf('{', StringComparison.Ordinal) == end + 1
        && path.LastIndexOf('/') == end && path.StartsWith(other[..(end + 1)], StringComparison.Ordinal)
        && !path.Contains('{', StringComparison.Ordinal);

    private static string AllowedBy(HttpResponseMessage response) => string.Join(", ", response.Content.Headers.Allow);
}
