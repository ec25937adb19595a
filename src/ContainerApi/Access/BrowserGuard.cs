
namespace ContainerApi.Access;

/// <summary>
/// A page in somebody's browser can call what that browser reaches, this service on loopback included. Where a request shows no
/// credentials, which a page could not have, it must not come from a page of another origin. (Names that resolve to this host
/// and are not its own, DNS rebinding, are refused by <c>AllowedHosts</c> before.)
/// </summary>
internal static class BrowserGuard
{
    private const string FetchSite = "Sec-Fetch-Site";

    private static readonly IReadOnlyList<string> FormTypes = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

    public static void UseBrowserDefence(this WebApplication app) => app.Use((http, next) =>
        http.User.Identity is not { IsAuthenticated: true }
        && Fault(http.Request, http.RequestServices.GetRequiredService<SecuritySettings>().Current.CorsOrigins) is { } fault
            ? throw new ApiException(ErrorCode.Forbidden, fault)
            : next(http));

    /// <summary>Pure: why a request may not be answered, or null.</summary>
    /// <param name="trusted">Origins that may call, beside our own.</param>
    public static string? Fault(HttpRequest request, IReadOnlyList<string> trusted)
    {
        if (request.Headers.Origin.ToString() is { Length: > 0 } origin)
        {
            // The scheme may differ where a proxy in front of us speaks TLS.
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
                // A form needs nobody's leave to be sent, and old browsers say nothing of where it comes from.
                return IsBrowser(request) && IsForm(request) ? "What a form can send is not taken from a browser without an Origin." : null;
            default:
                // To follow a link is no attack: nothing changes, and the page that has it sees nothing.
                return HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document"
                    ? null
                    : "Pages of other sites may not call this service.";
        }
    }

    private static bool IsBrowser(HttpRequest request) => request.Headers.UserAgent.ToString().StartsWith("Mozilla/", StringComparison.Ordinal);

    private static bool IsForm(HttpRequest request) =>
        request.ContentType is not { Length: > 0 } type || FormTypes.Contains(type.Split(';')[0].Trim(), StringComparer.OrdinalIgnoreCase);
}
