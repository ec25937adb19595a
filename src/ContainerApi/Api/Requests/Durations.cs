namespace ContainerApi.Api.Requests;

/// <summary>Reads durations: seconds, or hours, minutes and seconds as in <c>1h30m</c>.</summary>
internal static partial class Durations
{
    /// <summary>The end of a sentence that begins with the name of the parameter.</summary>
    public static string Expected(int min, int max) =>
        $"must be a duration from {min} to {max} seconds: a whole number of seconds, or as in 30s, 10m or 1h30m.";

    /// <param name="text">A negative number of seconds is valid, too.</param>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        var match = Form.Match(text);
        duration = TimeSpan.FromSeconds(Number(match, "seconds") + (60 * Number(match, "minutes")) + (3600 * Number(match, "hours")));
        return match.Success;
    }

    private static long Number(Match match, string part) =>
        match.Groups[part] is { Success: true } number ? long.Parse(number.ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(
        @"^(?:(?<seconds>-?[0-9]{1,9})|(?=[0-9])(?:(?<hours>[0-9]{1,9})h)?(?:(?<minutes>[0-9]{1,9})m)?(?:(?<seconds>[0-9]{1,9})s)?)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }
}
