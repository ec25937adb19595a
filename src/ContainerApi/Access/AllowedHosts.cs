using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Extensions.Primitives;

namespace ContainerApi.Access;

/// <summary>
/// Refuses requests to host names outside <c>AllowedHosts</c>, which prevents DNS rebinding. ASP.NET Core's own filter answers before all
/// middleware, without problem details, so it is set to allow every host.
/// </summary>
internal static class AllowedHosts
{
    private const string AnyHost = "*";

    public static void AddAllowedHosts(this WebApplicationBuilder builder) =>
        builder.Services.Configure<HostFilteringOptions>(options => options.AllowedHosts = [AnyHost]);

    public static void UseAllowedHosts(this WebApplication app)
    {
        IList<StringSegment> allowed =
        [
            .. (app.Configuration["AllowedHosts"] ?? AnyHost).Split(';', StringSplitOptions.RemoveEmptyEntries)
                .Select(host => (StringSegment)new HostString(host).ToUriComponent()),
        ];
        if (allowed.Contains(AnyHost))
        {
            return;
        }

        // HTTP/1.0 requests may have no host. A browser always sends one.
        app.Use((http, next) => !http.Request.Host.HasValue || PeerConnection.Has(http)
            || HostString.MatchesAny(http.Request.Host.Value, allowed)
            ? next(http)
            : throw new ApiException(ErrorCode.InvalidRequest, "The host in the Host header is not allowed (AllowedHosts)."));
    }
}
