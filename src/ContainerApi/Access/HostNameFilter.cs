using ContainerApi.Api;
using Microsoft.AspNetCore.HostFiltering;

namespace ContainerApi.Access;

/// <summary>
/// Answers requests that <c>AllowedHosts</c> refuses with problem details. ASP.NET Core's host filtering answers them with HTML before
/// the application's middleware.
/// </summary>
internal sealed class HostNameFilter(IProblemDetailsService writer) : IStartupFilter
{
    public static void AddTo(IServiceCollection services)
    {
        services.Configure<HostFilteringOptions>(options => options.IncludeFailureMessage = false);
        // The first startup filter is the outermost; host filtering is registered already.
        services.Insert(0, ServiceDescriptor.Transient<IStartupFilter, HostNameFilter>());
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // Handles only answers without a body.
        app.UseStatusCodePages(page => WriteProblemAsync(page.HttpContext));
        next(app);
    };

    private async Task WriteProblemAsync(HttpContext http)
    {
        if (http.Response.StatusCode == StatusCodes.Status400BadRequest)
        {
            await writer.TryWriteAsync(new ProblemDetailsContext
            {
                HttpContext = http,
                ProblemDetails = Problems.Create(ErrorCode.InvalidRequest, "The host in the Host header is not allowed (AllowedHosts)."),
            });
        }
    }
}
