using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Api;

/// <summary>What the log line and the audit line of a request say beside its path and status.</summary>
internal static class RequestLog
{
    private static readonly object OutcomeKey = new();
    private static readonly object TargetKey = new();
    private static readonly object TargetsKey = new();

    /// <summary>Returns the id of the request in the log and in traces.</summary>
    public static string GetTraceId(this HttpContext http) =>
        http.Features.Get<IHttpActivityFeature>()?.Activity.TraceId.ToHexString() ?? http.TraceIdentifier;

    public static void SetOutcome(this HttpContext http, string outcome) => http.Items[OutcomeKey] = VisibleText.ForLog(outcome);

    public static string GetOutcome(this HttpContext http) => http.Items[OutcomeKey] as string ?? "";

    /// <summary>Sets the target of a call whose path does not name it.</summary>
    /// <param name="target">As in <c>container 0123456789ab (web)</c>: never a value that could be secret.</param>
    public static void SetTarget(this HttpContext http, string target) => http.Items[TargetKey] = VisibleText.ForLog(target);

    /// <summary>Sets the targets of a call that changed several objects: each has an audit line.</summary>
    public static void SetTargets(this HttpContext http, IReadOnlyList<string> targets) =>
        http.Items[TargetsKey] = targets.Select(VisibleText.ForLog).ToList();

    /// <summary>Returns the targets; the one of the path by default.</summary>
    public static IReadOnlyList<string> GetTargets(this HttpContext http) => http.Items[TargetsKey] as IReadOnlyList<string> ?? [http.GetTarget()];

    /// <summary>Returns the target; the values in the path by default.</summary>
    public static string GetTarget(this HttpContext http) =>
        http.Items[TargetKey] as string ?? VisibleText.ForLog(string.Join(' ', http.Request.RouteValues.Values));
}
