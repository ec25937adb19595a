namespace ContainerApi.Api;

/// <summary>What the log line and the audit line of a request say beside its path and status.</summary>
internal static class RequestLog
{
    private static readonly object OutcomeKey = new();
    private static readonly object TargetKey = new();

    public static void SetOutcome(this HttpContext http, string outcome) => http.Items[OutcomeKey] = LogText.OneLine(outcome);

    public static string GetOutcome(this HttpContext http) => http.Items[OutcomeKey] as string ?? "";

    /// <summary>Sets the target of a call whose path does not name it.</summary>
    /// <param name="target">As in <c>container 0123456789ab (web)</c>: never a value that could be secret.</param>
    public static void SetTarget(this HttpContext http, string target) => http.Items[TargetKey] = LogText.OneLine(target);

    /// <summary>Returns the target; the values in the path by default.</summary>
    public static string GetTarget(this HttpContext http) =>
        http.Items[TargetKey] as string ?? LogText.OneLine(string.Join(' ', http.Request.RouteValues.Values));
}

/// <summary>Makes text of a client safe for a log: one line, so that it cannot fake other lines, and of limited length.</summary>
internal static class LogText
{
    private const int MaxLength = 2048;

    public static string OneLine(string text) => text.Length <= MaxLength && !text.Any(IsBreak) ? text
        : string.Concat(text.Take(MaxLength).Select(c => IsBreak(c) ? ' ' : c)) + (text.Length > MaxLength ? "…" : "");

    private static bool IsBreak(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
