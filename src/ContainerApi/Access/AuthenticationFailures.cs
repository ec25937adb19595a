using System.Threading.RateLimiting;

namespace ContainerApi.Access;

/// <summary>
/// Logs and counts invalid credentials by address, without the credentials. Above the limit the answer is 429 and nothing is logged.
/// Valid credentials from the same address are still accepted, so that guessing locks nobody out.
/// </summary>
internal sealed partial class AuthenticationFailures(ILogger<AuthenticationFailures> logger) : IDisposable
{
    private const int PerMinute = 30;

    /// <summary>Created on first use: a limiter wakes up ten times a second.</summary>
    private readonly Lazy<PartitionedRateLimiter<string>> _limiter = new(() => PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetFixedWindowLimiter(
            address, _ => new FixedWindowRateLimiterOptions { PermitLimit = PerMinute, Window = TimeSpan.FromMinutes(1) })));

    public void Report(HttpContext http, string reason)
    {
        using var lease = _limiter.Value.AttemptAcquire(AddressOf(http));
        if (lease.IsAcquired)
        {
            Log.Refused(logger, reason, AddressOf(http));
        }

        http.Features.Set(new Refused(
            lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromMinutes(1)));
    }

    /// <summary>Whether the request has invalid credentials.</summary>
    public static bool Has(HttpContext http) => http.Features.Get<Refused>() is not null;

    /// <exception cref="ApiException">The address sent too many invalid credentials.</exception>
    public static void ThrowIfTooMany(HttpContext http)
    {
        if (http.Features.Get<Refused>() is { Wait: { } wait })
        {
            throw new ApiException(ErrorCode.RateLimited, "Too many invalid credentials from this address.") { RetryAfter = wait };
        }
    }

    public void Dispose()
    {
        if (_limiter.IsValueCreated)
        {
            _limiter.Value.Dispose();
        }
    }

    private static string AddressOf(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "";

    private sealed record Refused(TimeSpan? Wait);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Authentication of {RemoteAddress} failed: {Reason}")]
        public static partial void Refused(ILogger logger, string reason, string remoteAddress);
    }
}
