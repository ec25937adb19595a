using ContainerApi.Api;

namespace ContainerApi.Access;

/// <summary>Logs one line per call that can change something: caller, action, target and outcome.</summary>
internal static partial class Audit
{
    /// <summary>The log category, for separate log sinks.</summary>
    public const string Category = "ContainerApi.Audit";

    private static readonly object TargetKey = new();

    /// <summary>Sets the target of a call whose path does not name it.</summary>
    /// <param name="target">As in <c>container 0123456789ab (web)</c>: never a value that could be secret.</param>
    public static void SetTarget(this HttpContext http, string target) => http.Items[TargetKey] = LogText.OneLine(target);

    public static void UseAudit(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(Category);
        app.Use(async (http, next) =>
        {
            // The exception handler clears the endpoint.
            var endpoint = http.GetEndpoint();
            if (endpoint?.Metadata.GetMetadata<RequiredScope>()?.Scope is not { } scope || !Scopes.Changes(scope))
            {
                await next(http);
                return;
            }

            var values = string.Join(' ', http.Request.RouteValues.Values);
            var isCompleted = false;
            try
            {
                await next(http);
                isCompleted = true;
            }
            finally
            {
                Log.Done(
                    logger, http.User.Identity?.Name ?? "anonymous", http.Connection.RemoteIpAddress?.ToString(),
                    endpoint.Metadata.GetMetadata<EndpointNameMetadata>()?.EndpointName, http.Items[TargetKey] as string ?? LogText.OneLine(values),
                    http.Response.StatusCode, http.GetOutcome() is { Length: > 0 } outcome ? outcome : isCompleted ? "" : "client_left");
            }
        });
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Audit: {Caller} from {RemoteAddress}: {Action} {Target}: {StatusCode} {Outcome}")]
        public static partial void Done(ILogger logger, string caller, string? remoteAddress, string? action, string target, int statusCode, string outcome);
    }
}
