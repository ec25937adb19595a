using ContainerApi.Api;

namespace ContainerApi.Hosting;

/// <summary>Headers of every response.</summary>
internal static class ResponseHeaders
{
    /// <summary>
    /// Swagger UI loads its scripts and styles from this service; its styles are also inline, and its icons are data URLs. The document
    /// that it shows may send requests to this service only.
    /// </summary>
    private const string SwaggerPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>
    /// The page loads its modules, style and icon from this service and sends requests to it alone. No script of it can turn text into HTML.
    /// </summary>
    private const string PagePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    /// <summary>For answers that are no pages.</summary>
    private const string DataPolicy = "default-src 'none'; frame-ancestors 'none'";

    private static readonly IReadOnlyList<string> Varying = ["Accept", "Authorization", ApiHeaders.ApiKey];

    public static void UseResponseHeaders(this WebApplication app) => app.Use((http, next) =>
    {
        // Set at the end: the exception handler clears the headers that are set before a failure.
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers[ApiHeaders.Version] = ServiceVersion.Current;
            headers[ApiHeaders.TraceId] = http.GetTraceId();
            headers.XContentTypeOptions = "nosniff";
            headers.ContentSecurityPolicy = PolicyOf(http.Request.Path);
            if (WebPage.Has(http.Request.Path))
            {
                // Isolates the page from windows and processes of other sites.
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Cross-Origin-Embedder-Policy"] = "require-corp";
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                headers["Referrer-Policy"] = "no-referrer";
            }

            headers.Vary = string.Join(", ", headers.GetCommaSeparatedValues("Vary").Union(Varying));
            return Task.CompletedTask;
        });
        return next(http);
    });

    private static string PolicyOf(PathString path) =>
        WebPage.Has(path) ? PagePolicy : path.StartsWithSegments("/swagger") ? SwaggerPolicy : DataPolicy;
}
