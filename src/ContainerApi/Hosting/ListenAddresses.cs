using ContainerApi.Cluster;

namespace ContainerApi.Hosting;

/// <summary>The addresses that the service listens on: those of ASP.NET Core's settings, else one on loopback.</summary>
internal static class ListenAddresses
{
    private const string Endpoints = "Kestrel:Endpoints";
    private const string Default = "http://127.0.0.1:8080";

    /// <summary>
    /// Sets the default, and adds the address for other replicas. In <c>appsettings.json</c> a default would override <c>ASPNETCORE_URLS</c>
    /// and <c>ASPNETCORE_HTTP_PORTS</c>.
    /// </summary>
    public static void AddAddresses(this WebApplicationBuilder builder)
    {
        var configured = Configured(builder.Configuration);
        // Its TLS is not Kestrel's.
        var peers = ClusterServices.ListenEndpoint(builder.Configuration) is { } endpoint ? $"http://{endpoint}" : null;
        if (peers is not null && builder.Configuration.GetSection(Endpoints).GetChildren().Any())
        {
            builder.Configuration[$"{Endpoints}:Peers:Url"] = peers;
        }
        else if (configured.Count == 0 || peers is not null)
        {
            builder.WebHost.UseUrls([.. configured.DefaultIfEmpty(Default), .. peers is null ? [] : (string[])[peers]]);
        }
    }

    /// <summary>Returns the first address, with <c>localhost</c> for a wildcard.</summary>
    public static Uri First(IConfiguration configuration)
    {
        var address = BindingAddress.Parse(Configured(configuration).FirstOrDefault(Default));
        var host = address.Host is "0.0.0.0" or "+" or "*" or "[::]" ? "localhost" : address.Host;
        return new Uri($"{address.Scheme}://{host}:{address.Port}/");
    }

    /// <summary>Kestrel's endpoints override addresses, and those override ports.</summary>
    private static List<string> Configured(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection(Endpoints).GetChildren().Select(e => e["Url"]).OfType<string>().ToList();
        var addresses = endpoints.Count > 0 ? endpoints : List(WebHostDefaults.ServerUrlsKey);
        return addresses.Count > 0
            ? addresses
            :
            [
                .. List(WebHostDefaults.HttpPortsKey).Select(p => $"http://*:{p}"),
                .. List(WebHostDefaults.HttpsPortsKey).Select(p => $"https://*:{p}"),
            ];

        List<string> List(string key) =>
            [.. (configuration[key] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
    }
}
