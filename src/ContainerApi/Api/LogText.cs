namespace ContainerApi.Api;

/// <summary>What a caller wrote, as a log may have it: on one line, so that nobody writes lines of their own, and not endless.</summary>
internal static class LogText
{
    private const int Longest = 2048;

    public static string OneLine(string text) => text.Length <= Longest && !text.Any(IsBreak) ? text
        : string.Concat(text.Take(Longest).Select(c => IsBreak(c) ? ' ' : c)) + (text.Length > Longest ? "…" : "");

    /// <summary>Control characters, and what Unicode breaks lines with.</summary>
    private static bool IsBreak(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
