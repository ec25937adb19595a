namespace ContainerApi.Api;

/// <summary>What the request's one line in the log says of its outcome, where the status alone does not.</summary>
internal static class RequestOutcome
{
    private static readonly object Key = new();

    public static void SetOutcome(this HttpContext context, string outcome) => context.Items[Key] = LogText.OneLine(outcome);

    public static string GetOutcome(this HttpContext context) => context.Items[Key] as string ?? "";
}
