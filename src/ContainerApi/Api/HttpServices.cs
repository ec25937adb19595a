using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;

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

    /// <summary>Marks the endpoints of a group that answer JSON alone, for <see cref="UseJsonOnly"/>: not those that need no key.</summary>
    public static RouteGroupBuilder WithJsonOnly(this RouteGroupBuilder group)
    {
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            var types = endpoint.Metadata.OfType<IProducesResponseTypeMetadata>()
                .Where(p => p.StatusCode is >= 200 and < 300).SelectMany(p => p.ContentTypes).ToList();
            if (types.Count > 0 && types.All(t => t == MediaTypes.Json) && !endpoint.Metadata.OfType<IAllowAnonymous>().Any())
            {
                endpoint.Metadata.Add(new JsonOnly());
                endpoint.Metadata.Add(new ErrorCodes(ErrorCode.NotAcceptable));
            }
        });
        return group;
    }

    /// <summary>Refuses a request that accepts no JSON where there is nothing else, before it changes anything.</summary>
    public static void UseJsonOnly(this WebApplication app) => app.Use((http, next) =>
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<JsonOnly>() is not null)
        {
            Formats.RequireJson(http.Request);
        }

        return next(http);
    });

    private sealed record JsonOnly;

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
