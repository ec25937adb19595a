using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ContainerApi.Api;

/// <summary>
/// <c>/v1/…</c> and the bare paths are the same resources. <c>Location</c> and <c>Link</c> of a response keep the form of its request.
/// Health, metrics, Swagger UI and problem types are not part of a version, so they have no second path.
/// </summary>
internal static class VersionPrefix
{
    private const string Prefix = "/v1";

    private static readonly string[] Unversioned = ["/healthz", "/readyz", "/metrics", "/swagger", "/openapi.json", "/problems"];

    /// <summary>Must be the first middleware, because routing begins here.</summary>
    public static void UseVersionPrefix(this WebApplication app)
    {
        app.UseWhen(
            http => !(http.Request.Path.StartsWithSegments(Prefix, out var path) && IsUnversioned(path)),
            branch => branch.UsePathBase(Prefix).Use((http, next) =>
            {
                http.Response.OnStarting(() =>
                {
                    if (http.Response.Headers.Location is [['/', ..] location] && http.Request.PathBase.HasValue)
                    {
                        http.Response.Headers.Location = http.Request.PathBase + location;
                    }

                    return Task.CompletedTask;
                });
                return next(http);
            }));
        app.UseRouting();
    }

    private static bool IsUnversioned(PathString path) => Unversioned.Any(u => path.StartsWithSegments(u));

    /// <summary>Documents <c>/v1</c> as the server of all operations but the unversioned ones.</summary>
    internal sealed class Documentation : IDocumentFilter
    {
        public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
        {
            swaggerDoc.Servers = [new OpenApiServer { Url = Prefix }];
            var unversioned = swaggerDoc.Paths.Where(p => IsUnversioned(p.Key));
            foreach (var operation in unversioned.SelectMany(p => p.Value.Operations?.Values.AsEnumerable() ?? []))
            {
                operation.Servers = [new OpenApiServer { Url = "/" }];
            }
        }
    }
}
