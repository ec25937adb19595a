using ContainerApi.Api;
using Microsoft.AspNetCore.HostFiltering;

namespace ContainerApi.Access;

/// <summary>
/// ASP.NET Core refuses a request that calls the service by a name that is not its own (<c>AllowedHosts</c>) before anything of ours runs, with a
/// page of HTML. This stands before it and tells the same as a problem.
/// </summary>
internal sealed class HostNameFilter(IProblemDetailsService writer) : IStartupFilter
{
    public static void AddTo(IServiceCollection services)
    {
        services.Configure<HostFilteringOptions>(options => options.IncludeFailureMessage = false);
        // The first filter is the outermost; the framework's own one is there already.
        services.Insert(0, ServiceDescriptor.Transient<IStartupFilter, HostNameFilter>());
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // Our own answers have a body, and so do not come here.
        app.UseStatusCodePages(page => TellAsync(page.HttpContext));
        next(app);
    };

    private async Task TellAsync(HttpContext http)
    {
        if (http.Response.StatusCode == StatusCodes.Status400BadRequest)
        {
            await writer.TryWriteAsync(new ProblemDetailsContext
            {
                HttpContext = http,
                ProblemDetails = Problems.Create(ErrorCode.InvalidRequest, "This service does not go by the name in the request's Host header (AllowedHosts)."),
            });
        }
    }
}
