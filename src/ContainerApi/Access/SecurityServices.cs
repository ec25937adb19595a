using ContainerApi.Engine;
using ContainerApi.Settings;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace ContainerApi.Access;

/// <summary>Registers authentication, authorization, visibility and redaction; docs/security.md describes them.</summary>
internal static partial class SecurityServices
{
    public static void AddSecurity(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<SecurityOptions, SecurityOptionsValidator>(SecurityOptions.Section);
        builder.AddExposureGuard();
        builder.AddAllowedHosts();
        builder.AddCredentials();
        builder.Services.AddSingleton<SecuritySettings>();
        builder.Services.AddSingleton<AuthenticationFailures>();
        builder.Services.AddSingleton<IAuthorizationHandler, AccessHandler>();
        builder.Services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessResults>();
        builder.Services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().AddRequirements(new RequiredScope(null)).Build());
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddScoped(services => services.GetRequiredService<IHttpContextAccessor>().HttpContext?.GetCaller()
            ?? throw new InvalidOperationException("There is no caller outside of a request."));
        builder.Services.AddScoped(services =>
            services.GetRequiredService<Caller>().Visibility.Scope(services.GetRequiredService<ConfiguredEngines>().Directory));
        builder.Services.ConfigureSwaggerGen(ScopeDocumentation.Define);
        builder.Services.AddCors();
        builder.Services.AddOptions<CorsOptions>().Configure<SecurityOptions>((cors, security) => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. security.CorsOrigins]).AllowAnyHeader().AllowAnyMethod()
            .WithExposedHeaders(
                "ETag", "Link", "Location", "Retry-After", ApiHeaders.IdempotencyReplayed, ApiHeaders.MissingEngines, ApiHeaders.RateLimit,
                ApiHeaders.RateLimitPolicy, ApiHeaders.TraceId, ApiHeaders.Version)));
    }

    /// <summary>Authenticates callers and refuses cross-site requests.</summary>
    public static void UseCallers(this WebApplication app)
    {
        if (app.Services.GetService<PeerListener>() is null)
        {
            WarnOfUnknownEngines(app.Services);
        }

        app.UseCors();
        app.UseAuthentication();
        app.UseBrowserGuard();
    }

    /// <summary>
    /// A key that names only unknown engines sees nothing, which looks like an empty engine. In a cluster they can be those of other replicas.
    /// </summary>
    private static void WarnOfUnknownEngines(IServiceProvider services)
    {
        var engines = services.GetRequiredService<ConfiguredEngines>().All.Select(e => e.Name).ToList();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SecurityServices));
        foreach (var key in services.GetRequiredService<SecurityOptions>().ApiKeys)
        {
            foreach (var unknown in key.Engines.Except(engines))
            {
                Log.UnknownEngine(logger, key.Name, unknown);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The API key {Key} names the unknown engine '{Engine}'")]
        public static partial void UnknownEngine(ILogger logger, string key, string engine);
    }
}
