using FluentValidation;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

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

    public static void UseProblems(this WebApplication app)
    {
        // Problems logs the exception; the middleware would log it again.
        app.UseExceptionHandler(new ExceptionHandlerOptions { SuppressDiagnosticsCallback = _ => true });
        app.UseStatusCodePages(pages => Problems.WriteAsync(
            pages.HttpContext.RequestServices.GetRequiredService<IProblemDetailsService>(), new ProblemDetailsContext { HttpContext = pages.HttpContext }));
        app.Use(RefuseUnknownCharset);
    }

    /// <summary>.NET fails with an internal error if it reads JSON with an unknown charset, which is an error of the client.</summary>
    private static Task RefuseUnknownCharset(HttpContext context, RequestDelegate next) =>
        MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) && type.Charset.HasValue && type.Encoding is null
        && context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>() is not null
            ? throw new ApiException(ErrorCode.UnsupportedMediaType, "Unknown charset in the content type.")
            : next(context);
}
