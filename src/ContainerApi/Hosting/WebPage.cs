using ContainerApi.Access;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Hosting;

/// <summary>Serves the web page: the static files of <c>wwwroot</c>. They contain no data, so they need no key.</summary>
internal static class WebPage
{
    private const string Document = "/index.html";
    private const string Files = "/ui";

    /// <summary>Whether the path is one of the page's.</summary>
    public static bool Has(PathString path) => path == Document || path.StartsWithSegments(Files);

    /// <summary>Finds the files in the source folder where the service runs without being published.</summary>
    public static void AddWebPage(this WebApplicationBuilder builder)
    {
        builder.WebHost.UseStaticWebAssets();
        // Otherwise files of a build are not sent as they were compressed, but packed anew without compression.
        builder.Configuration["ReloadStaticAssetsAtRuntime"] = "false";
    }

    /// <summary>Answers <c>GET /</c> with the page if the client prefers HTML. Must run before routing.</summary>
    public static void UseWebPage(this WebApplication app)
    {
        if (!IsEnabled(app))
        {
            return;
        }

        app.Use((http, next) =>
        {
            if (http.Request.Path == "/" && PrefersHtml(http.Request))
            {
                http.Request.Path = Document;
            }

            return next(http);
        });
    }

    public static void MapWebPage(this WebApplication app)
    {
        if (IsEnabled(app))
        {
            app.MapStaticAssets().AllowAnonymous();
        }
    }

    private static bool IsEnabled(WebApplication app) => app.Services.GetRequiredService<SecurityOptions>().Page;

    /// <summary>Whether HTML is named with a quality that no other type exceeds. Programs that accept anything get JSON.</summary>
    private static bool PrefersHtml(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
        && accepted.MaxBy(a => a.Quality ?? 1) is { } best && best.Quality is not 0
        && accepted.Any(a => a.MediaType == "text/html" && (a.Quality ?? 1) >= (best.Quality ?? 1));
}
