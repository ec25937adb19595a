namespace ContainerApi.Api;

/// <summary>Registers JSON options, problem details and validators for all features.</summary>
internal static class HttpServices
{
    public static void AddHttpServices(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(options => WireJson.Configure(options.SerializerOptions));
        // In every environment, so that Problems answers a body that cannot be bound.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddProblemDetails(options => options.CustomizeProblemDetails = Problems.Complete);
        services.AddExceptionHandler<Problems>();
        services.AddValidatorsFromAssemblyContaining<Problems>(ServiceLifetime.Singleton, includeInternalTypes: true);
        services.AddSingleton(TimeProvider.System);
    }

    /// <summary>Lets all <c>GET</c> endpoints of a group answer <c>HEAD</c>. Kestrel sends no body then.</summary>
    public static RouteGroupBuilder WithHead(this RouteGroupBuilder group)
    {
        ((IEndpointConventionBuilder)group).Add(endpoint =>
        {
            if (endpoint.Metadata.OfType<HttpMethodMetadata>().LastOrDefault() is { HttpMethods: ["GET"] })
            {
                endpoint.Metadata.Add(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
            }
        });
        return group;
    }

    /// <summary>Answers <c>OPTIONS</c> with the methods of the path: routing answers 405 with <c>Allow</c>, as for other unknown methods.</summary>
    public static void UseOptions(this WebApplication app) => app.Use(async (http, next) =>
    {
        await next(http);
        if (HttpMethods.IsOptions(http.Request.Method) && http.Response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false })
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    });

    public static void UseProblems(this WebApplication app)
    {
        // Problems logs the exception; the middleware would log it again.
        app.UseExceptionHandler(new ExceptionHandlerOptions { SuppressDiagnosticsCallback = _ => true });
        app.UseStatusCodePages(pages =>
        {
            var http = pages.HttpContext;
            var writer = http.RequestServices.GetRequiredService<IProblemDetailsService>();
            return Problems.WriteAsync(writer, new ProblemDetailsContext { HttpContext = http });
        });
    }
}
