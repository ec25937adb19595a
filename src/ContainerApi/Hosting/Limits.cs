using System.Net;
using System.Threading.RateLimiting;
using ContainerApi.Api;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Timeouts;

namespace ContainerApi.Hosting;

/// <summary>Puts the limits where they are kept: the server, the deadlines, the rates.</summary>
internal static class Limits
{
    /// <summary>A key that no caller has: what is kept for a key is kept with its kind.</summary>
    private const string Unlimited = "";

    public static void AddLimits(this WebApplicationBuilder builder)
    {
        var options = LimitOptions.From(builder.Configuration);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = options.Connections;
            kestrel.Limits.Http2.MaxStreamsPerConnection = options.StreamsPerConnection;
            kestrel.Limits.MaxRequestHeadersTotalSize = options.HeaderBytes;
            kestrel.Limits.MaxRequestLineSize = options.RequestLineBytes;
            kestrel.Limits.RequestHeadersTimeout = options.HeaderTimeout;
            kestrel.Limits.KeepAliveTimeout = options.KeepAliveTimeout;
            kestrel.Limits.MaxRequestBodySize = options.BodyBytes;
            // What is read before it is sent on must not be smaller than what must be sent at once.
            kestrel.Limits.MaxRequestBufferSize = Math.Max(kestrel.Limits.MaxRequestBufferSize ?? 0, options.HeaderBytes + options.RequestLineBytes);
        });
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockPool>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        builder.Services.AddSingleton(new StreamTimeout(options.StreamTimeout));
        builder.Services.AddRequestTimeouts(timeouts =>
        {
            timeouts.DefaultPolicy = new RequestTimeoutPolicy { Timeout = options.RequestTimeout, TimeoutStatusCode = ErrorCode.EngineTimeout.Status };
            timeouts.AddPolicy(LongRequest.Deadline, new RequestTimeoutPolicy { Timeout = options.StreamTimeout, TimeoutStatusCode = ErrorCode.EngineTimeout.Status });
        });
        builder.Services.AddSingleton(new Lazy<PartitionedRateLimiter<HttpContext>>(() => PartitionedRateLimiter.CreateChained(Rates(options), WithStreamLimits(options))));
    }

    /// <summary>
    /// Limits all but those who are on this host without a key: they could as well ask the engine. ASP.NET Core's own middleware makes its
    /// limiters at the start, and each wakes up ten times a second from then on; these are made for the first who is limited, so
    /// that a service for this host alone sleeps.
    /// </summary>
    public static void UseRates(this WebApplication app)
    {
        var limiter = app.Services.GetRequiredService<Lazy<PartitionedRateLimiter<HttpContext>>>();
        app.Use(async (http, next) =>
        {
            if (IsAtHome(http))
            {
                await next(http);
                return;
            }

            using var lease = await limiter.Value.AcquireAsync(http, 1, http.RequestAborted);
            if (!lease.IsAcquired)
            {
                throw lease.TryGetMetadata(MetadataName.RetryAfter, out var wait)
                    ? new ApiException(ErrorCode.RateLimited, "This caller sends more requests than it may.") { RetryAfter = wait }
                    : new ApiException(ErrorCode.RateLimited, "This caller has as many long requests open as it may.") { RetryAfter = TimeSpan.FromSeconds(1) };
            }

            await next(http);
        });
    }

    private static bool IsAtHome(HttpContext http) =>
        http.User.Identity is not { IsAuthenticated: true } && (http.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address));

    private static PartitionedRateLimiter<HttpContext> Rates(LimitOptions options) => PartitionedRateLimiter.Create<HttpContext, string>(http =>
        options.RequestsPerSecond == 0
            ? RateLimitPartition.GetNoLimiter(Unlimited)
            : RateLimitPartition.GetTokenBucketLimiter(http.GetClient(), _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = options.RequestsPerSecond * 2,
                TokensPerPeriod = Math.Max(1, options.RequestsPerSecond / 10),
                ReplenishmentPeriod = options.RequestsPerSecond < 10 ? TimeSpan.FromSeconds(1.0 / options.RequestsPerSecond) : TimeSpan.FromMilliseconds(100),
            }));

    private static PartitionedRateLimiter<HttpContext> WithStreamLimits(LimitOptions options) => PartitionedRateLimiter.Create<HttpContext, string>(http =>
        http.GetEndpoint()?.Metadata.GetMetadata<LongRequest>() is null
            ? RateLimitPartition.GetNoLimiter(Unlimited)
            : RateLimitPartition.GetConcurrencyLimiter(http.GetClient(), _ => new ConcurrencyLimiterOptions { PermitLimit = options.StreamsPerCaller }));
}
