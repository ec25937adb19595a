using System.Net;
using System.Threading.RateLimiting;
using ContainerApi.Access;
using ContainerApi.Api;
using ContainerApi.Engine;
using ContainerApi.Settings;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ContainerApi.Hosting;

/// <summary>Applies the <c>Limits</c> section to the server, request timeouts and rate limiters.</summary>
internal static class Limits
{
    /// <summary>The partition of requests without a limit. No caller has an empty key.</summary>
    private const string Unlimited = "";

    public static void AddLimits(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSettings<LimitOptions, LimitOptionsValidator>(LimitOptions.Section);
        services.AddOptions<KestrelServerOptions>().Configure<LimitOptions, ConnectionLimit>((kestrel, limits, connections) =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = connections.Max;
            kestrel.Limits.MaxConcurrentUpgradedConnections = kestrel.Limits.MaxConcurrentConnections;
            kestrel.Limits.Http2.MaxStreamsPerConnection = limits.StreamsPerConnection;
            kestrel.Limits.MaxRequestHeadersTotalSize = limits.HeaderBytes;
            kestrel.Limits.MaxRequestLineSize = limits.RequestLineBytes;
            kestrel.Limits.RequestHeadersTimeout = limits.HeaderTimeout;
            kestrel.Limits.KeepAliveTimeout = limits.KeepAliveTimeout;
            kestrel.Limits.MaxRequestBodySize = limits.BodyBytes;
            // Kestrel requires a buffer that holds the headers and the request line.
            kestrel.Limits.MaxRequestBufferSize = Math.Max(kestrel.Limits.MaxRequestBufferSize ?? 0, limits.HeaderBytes + limits.RequestLineBytes);
        });
        services.AddSingleton<ConnectionLimit>();
        services.AddSingleton<IConnectionListenerFactory>(provider =>
            ActivatorUtilities.CreateInstance<ConnectionGate>(provider, provider.GetRequiredService<ConnectionLimit>().Max));
        services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockPool>();
        services.AddOptions<HostOptions>().Configure<LimitOptions>((host, limits) => host.ShutdownTimeout = limits.ShutdownTimeout);
        services.AddSingleton(provider => new Engine.CommandLimit(provider.GetRequiredService<LimitOptions>().CommandBytes));
        services.AddSingleton(provider => new StreamTimeout(provider.GetRequiredService<LimitOptions>().StreamTimeout));
        services.AddSingleton(provider => new EngineAnswerLimit(provider.GetRequiredService<LimitOptions>().EngineAnswerBytes));
        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<LimitOptions>((timeouts, limits) =>
        {
            timeouts.DefaultPolicy = TimeoutPolicy(limits.RequestTimeout);
            timeouts.AddPolicy(LongRequest.TimeoutPolicy, TimeoutPolicy(limits.StreamTimeout));
        });
        services.AddSingleton(provider => new Lazy<PartitionedRateLimiter<HttpContext>>(() =>
        {
            var limits = provider.GetRequiredService<LimitOptions>();
            return PartitionedRateLimiter.CreateChained(RequestRate(limits), OpenStreams(limits));
        }));
    }

    /// <summary>
    /// Limits every caller except those on this host without a key, who can call the engine directly. Not <c>AddRateLimiter</c>: it creates
    /// its limiters at startup, and their timers cost 0.39 % of a core at rest against 0.06 % with limiters created for the first limited
    /// request. The bound is 0.2 % (docs/performance.md).
    /// </summary>
    public static void UseRateLimits(this WebApplication app)
    {
        var limiter = app.Services.GetRequiredService<Lazy<PartitionedRateLimiter<HttpContext>>>();
        app.Use(async (http, next) =>
        {
            if (IsLocalWithoutKey(http))
            {
                await next(http);
                return;
            }

            using var lease = await limiter.Value.AcquireAsync(http, 1, http.RequestAborted);
            if (!lease.IsAcquired)
            {
                throw lease.TryGetMetadata(MetadataName.RetryAfter, out var wait)
                    ? new ApiException(ErrorCode.RateLimited, "Too many requests from this caller.") { RetryAfter = wait }
                    : new ApiException(ErrorCode.RateLimited, "Too many open streams of this caller.") { RetryAfter = TimeSpan.FromSeconds(1) };
            }

            await next(http);
        });
    }

    private static RequestTimeoutPolicy TimeoutPolicy(TimeSpan timeout) =>
        new() { Timeout = timeout, TimeoutStatusCode = ErrorCode.EngineTimeout.Status };

    private static bool IsLocalWithoutKey(HttpContext http) =>
        http.User.Identity is not { IsAuthenticated: true } && (http.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address));

    private static PartitionedRateLimiter<HttpContext> RequestRate(LimitOptions options) => PartitionedRateLimiter.Create<HttpContext, string>(http =>
        options.RequestsPerSecond == 0
            ? RateLimitPartition.GetNoLimiter(Unlimited)
            : RateLimitPartition.GetTokenBucketLimiter(http.GetClient(), _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = options.RequestsPerSecond * 2,
                TokensPerPeriod = Math.Max(1, options.RequestsPerSecond / 10),
                ReplenishmentPeriod = options.RequestsPerSecond < 10
                    ? TimeSpan.FromSeconds(1.0 / options.RequestsPerSecond)
                    : TimeSpan.FromMilliseconds(100),
            }));

    private static PartitionedRateLimiter<HttpContext> OpenStreams(LimitOptions options) => PartitionedRateLimiter.Create<HttpContext, string>(http =>
        http.GetEndpoint()?.Metadata.GetMetadata<LongRequest>() is null
            ? RateLimitPartition.GetNoLimiter(Unlimited)
            : RateLimitPartition.GetConcurrencyLimiter(
                http.GetClient(), _ => new ConcurrencyLimiterOptions { PermitLimit = options.StreamsPerCaller }));
}
