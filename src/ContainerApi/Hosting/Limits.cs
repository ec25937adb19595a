using ContainerApi.Api;
using ContainerApi.Engine;
using ContainerApi.Settings;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ContainerApi.Hosting;

/// <summary>Applies the <c>Limits</c> section to the server and to request timeouts.</summary>
internal static class Limits
{
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
        services.AddSingleton(provider =>
        {
            var limits = provider.GetRequiredService<LimitOptions>();
            return new ArchiveLimit(limits.ArchiveBytes, limits.Archives);
        });
        services.AddSingleton(provider => new EngineAnswerLimit(provider.GetRequiredService<LimitOptions>().EngineAnswerBytes));
        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<LimitOptions>((timeouts, limits) =>
        {
            timeouts.DefaultPolicy = TimeoutPolicy(limits.RequestTimeout);
            timeouts.AddPolicy(LongRequest.TimeoutPolicy, TimeoutPolicy(limits.StreamTimeout));
        });
        services.AddSingleton<RateLimits>();
    }

    private static RequestTimeoutPolicy TimeoutPolicy(TimeSpan timeout) =>
        new() { Timeout = timeout, TimeoutStatusCode = ErrorCode.EngineTimeout.Status };
}
