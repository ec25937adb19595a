namespace ContainerApi.Errors;

/// <summary>Durations in messages.</summary>
internal static class DurationText
{
    /// <summary>Returns the duration in seconds: <c>1 second</c>, <c>2.5 seconds</c>.</summary>
    public static string InSeconds(this TimeSpan duration)
    {
        var seconds = duration.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        return seconds == "1" ? "1 second" : seconds + " seconds";
    }
}
