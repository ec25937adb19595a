using System.Threading.RateLimiting;

namespace ContainerApi.Access;

/// <summary>
/// Credentials that were refused: told in the log, never themselves, and counted by address. Beyond the limit they are a 429 and no
/// further line. Good credentials are served whatever comes from the same address: who guesses must not lock others out.
/// </summary>
internal sealed partial class AuthenticationFailures(ILogger<AuthenticationFailures> logger) : IDisposable
{
    private const int PerMinute = 30;

    /// <summary>Made for the first one: a limiter wakes up ten times a second.</summary>
    private readonly Lazy<PartitionedRateLimiter<string>> _limiter = new(() => PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetFixedWindowLimiter(address, _ => new FixedWindowRateLimiterOptions { PermitLimit = PerMinute, Window = TimeSpan.FromMinutes(1) })));

    public void Tell(HttpContext http, string reason)
    {
        using var lease = _limiter.Value.AttemptAcquire(AddressOf(http));
        if (lease.IsAcquired)
        {
            Log.Refused(logger, reason, AddressOf(http));
        }

        http.Features.Set(new Refused(lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromMinutes(1)));
    }

    /// <summary>Whether a request showed credentials, and they were not good.</summary>
    public static bool Were(HttpContext http) => http.Features.Get<Refused>() is not null;

    /// <exception cref="ApiException">More were refused from this address than are answered.</exception>
    public static void ThrowIfTooMany(HttpContext http)
    {
        if (http.Features.Get<Refused>() is { Wait: { } wait })
        {
            throw new ApiException(ErrorCode.RateLimited, "Too many bad credentials came from this address.") { RetryAfter = wait };
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
        [LoggerMessage(1, LogLevel.Warning, "Credentials were refused: {Reason}; from {RemoteAddress}")]
        public static partial void Refused(ILogger logger, string reason, string remoteAddress);
    }
}
