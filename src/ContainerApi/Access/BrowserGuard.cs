
namespace ContainerApi.Access;

/// <summary>
/// Refuses cross-site requests without credentials: a web page can call every service that its browser reaches, including this
/// service on loopback. <c>AllowedHosts</c> prevents DNS rebinding.
/// </summary>
internal static class BrowserGuard
{
    private const string FetchSite = "Sec-Fetch-Site";

    private static readonly IReadOnlyList<string> FormTypes = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

    public static void UseBrowserGuard(this WebApplication app) => app.Use((http, next) =>
        http.User.Identity is not { IsAuthenticated: true } && !PeerConnection.Has(http)
        && Fault(http.Request, http.RequestServices.GetRequiredService<SecuritySettings>().Current.CorsOrigins) is { } fault
            ? throw new ApiException(ErrorCode.Forbidden, fault)
            : next(http));

    /// <summary>Returns why a request must be refused, or null.</summary>
    /// <param name="trusted">Other origins that may call.</param>
    public static string? Fault(HttpRequest request, IReadOnlyList<string> trusted)
    {
        if (request.Headers.Origin.ToString() is { Length: > 0 } origin)
        {
            // The scheme differs behind a TLS proxy.
            return trusted.Contains(origin) || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value)
                ? null
                : $"Pages of {(origin.Length < 200 ? origin : "this origin")} may not call this service (Security:CorsOrigins).";
        }

        switch (request.Headers[FetchSite].ToString())
        {
            case "same-origin" or "none":
                return null;
            case "" when HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method):
                return null;
            case "":
                // Browsers send forms without a preflight request, and old ones without an Origin.
                return IsBrowser(request) && IsForm(request) ? "Form content types from a browser need an Origin header." : null;
            default:
                // Following a link changes nothing and returns nothing to the page.
                return HttpMethods.IsGet(request.Method)
                    && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document"
                    ? null
                    : "Pages of other sites may not call this service.";
        }
    }

    private static bool IsBrowser(HttpRequest request) => request.Headers.UserAgent.ToString().StartsWith("Mozilla/", StringComparison.Ordinal);

    private static bool IsForm(HttpRequest request) =>
        request.ContentType is not { Length: > 0 } type || FormTypes.Contains(type.Split(';')[0].Trim(), StringComparer.OrdinalIgnoreCase);
}
