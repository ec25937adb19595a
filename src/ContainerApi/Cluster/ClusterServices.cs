using System.Net;
using ContainerApi.Access;
using ContainerApi.Settings;

namespace ContainerApi.Cluster;

/// <summary>Registers the other replicas; docs/cluster.md describes them. Without a <c>Cluster</c> section nothing is registered.</summary>
internal static class ClusterServices
{
    /// <summary>The other replica reads headers of at most 64 KiB.</summary>
    private const int MaxDownNodes = 100;

    public static void AddCluster(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<ClusterOptions, ClusterOptionsValidator>(ClusterOptions.Section);
        builder.Services.AddScoped<PeerLists>();
        if (ListenEndpoint(builder.Configuration) is not { } endpoint)
        {
            return;
        }

        builder.Services.AddSingleton<ResolveName>(Dns.GetHostAddressesAsync);
        builder.Services.AddSingleton<PeerAddresses>();
        builder.Services.AddSingleton<SwarmNodes>();
        builder.Services.AddSingleton<PeerTransport>();
        builder.Services.AddSingleton<PeerDirectory>();
        builder.Services.AddSingleton<PeerCalls>();
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton<Forwarding>();
        builder.Services.AddSingleton<ShortestQueue>();
        builder.Services.AddHostedService<PeerWarmUp>();
        builder.Services.AddSingleton(services => new PeerListener(endpoint, services.GetRequiredService<PeerTransport>().Secure));
    }

    /// <summary>Returns where other replicas are served; null without any, and for settings that the startup refuses. It refuses certificates,
    /// too, before anything uses them.</summary>
    public static IPEndPoint? ListenEndpoint(IConfiguration configuration)
    {
        var options = SettingsRegistration.Bind(configuration, ClusterOptions.Section, new ClusterOptions());
        return options.IsEnabled && new ClusterOptionsValidator(readsFiles: false).Validate(options).IsValid ? options.ListenEndpoint : null;
    }

    /// <summary>Forwards requests to the replicas that own their engines.</summary>
    public static void UseForwarding(this WebApplication app)
    {
        if (HasPeers(app))
        {
            // Not before the startup has validated the settings.
            app.Use((http, next) => http.RequestServices.GetRequiredService<Forwarding>().RunAsync(http, next));
        }
    }

    /// <summary>Lets other replicas know who answers, and takes the client's address from them.</summary>
    public static void UsePeers(this WebApplication app)
    {
        if (!HasPeers(app))
        {
            return;
        }

        app.Use((http, next) =>
        {
            if (PeerConnection.Has(http))
            {
                var nodes = http.RequestServices.GetRequiredService<SwarmNodes>();
                _ = nodes.RefreshAsync();
                // Set at the end: the exception handler clears the headers that are set before a failure.
                http.Response.OnStarting(() =>
                {
                    var own = http.RequestServices.GetRequiredService<PeerDirectory>().Own;
                    http.Response.Headers[ApiHeaders.Replica] = own.ToString();
                    var builds = http.RequestServices.GetRequiredService<BuildsOn>();
                    http.Response.Headers[ApiHeaders.Builds] = string.Join(' ', own.Engines.Select(e => builds(e)));
                    if (nodes.All.Where(n => !n.IsReady).Take(MaxDownNodes).ToList() is [_, ..] down)
                    {
                        http.Response.Headers[ApiHeaders.DownNodes] = JsonSerializer.Serialize(down);
                    }

                    return Task.CompletedTask;
                });
                if (IPAddress.TryParse(http.Request.Headers[ApiHeaders.ClientAddress], out var client))
                {
                    http.Connection.RemoteIpAddress = client;
                }
            }

            return next(http);
        });
    }

    /// <summary>Whether other replicas are registered. Creates none of their services.</summary>
    private static bool HasPeers(WebApplication app) => app.Services.GetRequiredService<IServiceProviderIsService>().IsService(typeof(Forwarding));
}
