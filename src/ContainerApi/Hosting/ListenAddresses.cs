namespace ContainerApi.Hosting;

/// <summary>The addresses that the service listens on: those of ASP.NET Core's settings, else one on loopback.</summary>
internal static class ListenAddresses
{
    private const string Default = "http://127.0.0.1:8080";

    /// <summary>Sets the default. In <c>appsettings.json</c> it would override <c>ASPNETCORE_URLS</c> and <c>ASPNETCORE_HTTP_PORTS</c>.</summary>
    public static void AddDefaultAddress(this WebApplicationBuilder builder)
    {
        if (Configured(builder.Configuration).Count == 0)
        {
            builder.WebHost.UseUrls(Default);
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
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(e => e["Url"]).OfType<string>().ToList();
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
