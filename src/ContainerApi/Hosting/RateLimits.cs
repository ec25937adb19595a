using System.Net;
using System.Threading.RateLimiting;
using ContainerApi.Access;
using ContainerApi.Api;

namespace ContainerApi.Hosting;

/// <summary>
/// Limits the requests per second and the open streams of every caller except those on this host without a key, who can call the engine
/// directly. Not <c>AddRateLimiter</c>: it creates its limiters at startup, and their timers cost 0.39 % of a core at rest against 0.06 %
/// with limiters created for the first limited request. The bound is 0.2 % (docs/performance.md).
/// </summary>
internal sealed class RateLimits(LimitOptions options) : IDisposable
{
    /// <summary>The partition of requests without a limit. No caller has an empty key.</summary>
    private const string Unlimited = "";

    /// <summary>The time in which an unused caller regains all requests.</summary>
    private const int BurstSeconds = 2;

    private readonly Lazy<PartitionedRateLimiter<HttpContext>> _requests = new(() => RequestRate(options));
    private readonly Lazy<PartitionedRateLimiter<HttpContext>> _streams = new(() => OpenStreams(options));

    public async Task RunAsync(HttpContext http, RequestDelegate next)
    {
        if (IsLocalWithoutKey(http))
        {
            await next(http);
            return;
        }

        // The limit is known at the end, too, when the exception handler has cleared the headers.
        http.Response.OnStarting(() =>
        {
            AddHeaders(http);
            return Task.CompletedTask;
        });
        using var request = _requests.Value.AttemptAcquire(http);
        if (!request.IsAcquired)
        {
            throw new ApiException(ErrorCode.RateLimited, "Too many requests from this caller.")
            {
                RetryAfter = request.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1),
            };
        }

        using var stream = _streams.Value.AttemptAcquire(http);
        if (!stream.IsAcquired)
        {
            throw new ApiException(ErrorCode.RateLimited, "Too many open streams of this caller.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        await next(http);
    }

    public void Dispose()
    {
        foreach (var limiter in new[] { _requests, _streams }.Where(l => l.IsValueCreated))
        {
            limiter.Value.Dispose();
        }
    }

    /// <summary>
    /// Adds <c>RateLimit-Policy</c> and <c>RateLimit</c> (draft-ietf-httpapi-ratelimit-headers-10): q requests in w seconds; r are left, and
    /// all are there again after t seconds.
    /// </summary>
    private void AddHeaders(HttpContext http)
    {
        if (options.RequestsPerSecond == 0 || _requests.Value.GetStatistics(http) is not { } statistics)
        {
            return;
        }

        var quota = options.RequestsPerSecond * BurstSeconds;
        var left = Math.Clamp(statistics.CurrentAvailablePermits, 0, quota);
        var seconds = (quota - left + options.RequestsPerSecond - 1) / options.RequestsPerSecond;
        http.Response.Headers[ApiHeaders.RateLimitPolicy] = $"\"requests\";q={quota};w={BurstSeconds}";
        http.Response.Headers[ApiHeaders.RateLimit] = $"\"requests\";r={left};t={seconds}";
    }

    private static bool IsLocalWithoutKey(HttpContext http) =>
        http.User.Identity is not { IsAuthenticated: true } && (http.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address));

    private static PartitionedRateLimiter<HttpContext> RequestRate(LimitOptions options) => PartitionedRateLimiter.Create<HttpContext, string>(http =>
        options.RequestsPerSecond == 0
            ? RateLimitPartition.GetNoLimiter(Unlimited)
            : RateLimitPartition.GetTokenBucketLimiter(http.GetClient(), _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = options.RequestsPerSecond * BurstSeconds,
                TokensPerPeriod = Math.Max(1, options.RequestsPerSecond / 10),
                ReplenishmentPeriod = options.RequestsPerSecond < 10
                    ? TimeSpan.FromSeconds(1.0 / options.RequestsPerSecond)
                    : TimeSpan.FromMilliseconds(100),
            }));

    private static PartitionedRateLimiter<HttpContext> OpenStreams(LimitOptions options) => PartitionedRateLimiter.Create<HttpContext, string>(http =>
        !http.IsLong()
            ? RateLimitPartition.GetNoLimiter(Unlimited)
            : RateLimitPartition.GetConcurrencyLimiter(
                http.GetClient(), _ => new ConcurrencyLimiterOptions { PermitLimit = options.StreamsPerCaller }));
}

internal static class RateLimitsExtensions
{
    public static void UseRateLimits(this WebApplication app) => app.Use(app.Services.GetRequiredService<RateLimits>().RunAsync);
}
