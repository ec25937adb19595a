namespace ContainerApi.Engine.Facts;

/// <summary>Credentials for one registry. Never logged: the record prints no member.</summary>
internal sealed record RegistryCredentials(string Username, string Password, string? ServerAddress)
{
    /// <summary>The names of Docker Hub in engines, clients and configuration files.</summary>
    private static readonly IReadOnlyList<string> Hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

    /// <summary>Whether they are for the registry at a host, <c>host[:port]</c> or an address as in <c>https://index.docker.io/v1/</c>.</summary>
    public bool AreFor(string registry) => ServerAddress is { } address && HostOf(address) == HostOf(registry);

    public override string ToString() => nameof(RegistryCredentials);

    private static string HostOf(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? address : address[(scheme + 3)..]).Split('/')[0].ToLowerInvariant();
        return Hub.Contains(host) ? Hub[0] : host;
    }
}
