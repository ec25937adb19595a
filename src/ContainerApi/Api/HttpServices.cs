using ContainerApi.Engine;
using FluentValidation;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api;

/// <summary>What every feature shares on the wire: JSON, problems, validators.</summary>
internal static class HttpServices
{
    public static IServiceCollection AddHttpRoom(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(options => WireJson.Configure(options.SerializerOptions));
        // A body that cannot be bound is an exception in every environment, so that one switch makes it a problem.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddProblemDetails(options => options.CustomizeProblemDetails = Problems.Complete);
        services.AddExceptionHandler<Problems>();
        services.AddValidatorsFromAssemblyContaining<EngineOptionsValidator>(ServiceLifetime.Singleton, includeInternalTypes: true);
        services.AddSingleton(TimeProvider.System);
        return services;
    }

    public static void UseProblems(this WebApplication app)
    {
        // Problems logs; the middleware's own line would be a second one for the same failure.
        app.UseExceptionHandler(new ExceptionHandlerOptions { SuppressDiagnosticsCallback = _ => true });
        app.UseStatusCodePages(pages => Problems.WriteAsync(
            pages.HttpContext.RequestServices.GetRequiredService<IProblemDetailsService>(), new ProblemDetailsContext { HttpContext = pages.HttpContext }));
        app.Use(RefuseUnknownCharset);
    }

    /// <summary>Where .NET reads JSON, it takes a charset that it does not know for a mistake of ours; it is the caller's.</summary>
    private static Task RefuseUnknownCharset(HttpContext context, RequestDelegate next) =>
        MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) && type.Charset.HasValue && type.Encoding is null
        && context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>() is not null
            ? throw new ApiException(ErrorCode.UnsupportedMediaType, "The content type names a charset that is not known here.")
            : next(context);
}
