using ContainerApi.Http;

namespace ContainerApi.Security;

/// <summary>Who did what to which container or image, with what outcome: one line for each call that could change something, in a category of its own.</summary>
internal static partial class Audit
{
    /// <summary>The category of the lines, by which they can be sent elsewhere.</summary>
    public const string Category = "ContainerApi.Audit";

    private static readonly object TargetKey = new();

    /// <summary>Says what a call is about, where its address does not.</summary>
    /// <param name="target">As in <c>container 0123456789ab (web)</c>: never a value that could be secret.</param>
    public static void SetTarget(this HttpContext http, string target) => http.Items[TargetKey] = target;

    public static void UseAudit(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(Category);
        app.Use(async (http, next) =>
        {
            // Taken now: the exception handler takes it away.
            var endpoint = http.GetEndpoint();
            if (endpoint?.Metadata.GetMetadata<NeededScope>()?.Scope is not { } scope || !Scopes.Changes(scope))
            {
                await next(http);
                return;
            }

            var values = string.Join(' ', http.Request.RouteValues.Values);
            await next(http);
            Log.Done(
                logger, http.User.Identity?.Name ?? "anonymous", http.Connection.RemoteIpAddress?.ToString(),
                endpoint.Metadata.GetMetadata<EndpointNameMetadata>()?.EndpointName, http.Items[TargetKey] as string ?? Plain(values),
                http.Response.StatusCode, http.GetOutcome());
        });
    }

    /// <summary>What a caller wrote, on one line and not longer than a name.</summary>
    private static string Plain(string text)
    {
        var line = new string([.. text.Take(256).Select(c => char.IsControl(c) ? ' ' : c)]);
        return line.Length < text.Length ? line + "…" : line;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Audit: {Caller} from {RemoteAddress}: {Action} {Target}: {StatusCode} {Outcome}")]
        public static partial void Done(ILogger logger, string caller, string? remoteAddress, string? action, string target, int statusCode, string outcome);
    }
}
