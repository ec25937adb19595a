using ContainerApi.Access;
using ContainerApi.Api;

namespace ContainerApi.Hosting;

/// <summary>Logs one line per call that can change something: caller, action, target and outcome.</summary>
internal static partial class Audit
{
    /// <summary>The log category, for separate log sinks.</summary>
    public const string Category = "ContainerApi.Audit";

    public static void UseAudit(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(Category);
        app.Use(async (http, next) =>
        {
            // The exception handler clears the endpoint and the route values.
            var endpoint = http.GetEndpoint();
            if (endpoint?.Metadata.GetMetadata<RequiredScope>()?.Scope is not { } scope || !Scopes.Changes(scope))
            {
                await next(http);
                return;
            }

            http.SetTarget(http.GetTarget());
            var isCompleted = false;
            try
            {
                await next(http);
                isCompleted = true;
            }
            finally
            {
                var outcome = http.GetOutcome() is { Length: > 0 } set ? set : isCompleted ? "" : "client_left";
                var caller = http.User.Identity is { IsAuthenticated: true } ? http.GetClient() : "anonymous";
                var action = endpoint.Metadata.GetMetadata<EndpointNameMetadata>()?.EndpointName;
                foreach (var target in http.GetTargets())
                {
                    Log.Done(logger, caller, http.Connection.RemoteIpAddress?.ToString(), action, target, http.Response.StatusCode, outcome);
                }
            }
        });
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Audit: {Caller} from {RemoteAddress}: {Action} {Target}: {StatusCode} {Outcome}")]
        public static partial void Done(
            ILogger logger, string caller, string? remoteAddress, string? action, string target, int statusCode, string outcome);
    }
}
