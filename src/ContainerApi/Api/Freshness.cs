using Microsoft.Net.Http.Headers;

namespace ContainerApi.Api;

/// <summary>How old an answer may be.</summary>
internal static class Freshness
{
    private const int MaxSeconds = 3600;

    /// <summary>The parameter, else <c>Cache-Control: max-age</c>, else zero.</summary>
    public static TimeSpan MaxAge(TimeSpan? parameter, HttpRequest http)
    {
        var age = parameter is null && CacheControlHeaderValue.TryParse(http.Headers.CacheControl.ToString(), out var control)
            && !control.NoCache && !control.NoStore
            ? control.MaxAge
            : parameter;
        return TimeSpan.FromSeconds(Math.Clamp(age?.TotalSeconds ?? 0, 0, MaxSeconds));
    }
}
