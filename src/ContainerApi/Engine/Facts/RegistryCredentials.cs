namespace ContainerApi.Engine.Facts;

/// <summary>Credentials for one registry. Never logged: the record prints no member.</summary>
/// <param name="ServerAddress">The address as given; null for the registry of the image.</param>
internal sealed record RegistryCredentials(string Username, string Password, string? ServerAddress)
{
    /// <summary>The host by which image names know Docker Hub.</summary>
    public const string Hub = "docker.io";

    /// <summary>The names of Docker Hub in engines, clients and configuration files.</summary>
    private static readonly IReadOnlyList<string> HubNames = [Hub, "index.docker.io", "registry-1.docker.io"];

    /// <summary>The host in the address, the same for all names of Docker Hub.</summary>
    public string? Registry => ServerAddress is null ? null : HostOf(ServerAddress);

    /// <summary>Whether they are for the registry at a host, <c>host[:port]</c> or an address as in <c>https://index.docker.io/v1/</c>.</summary>
    public bool AreFor(string registry) => Registry == HostOf(registry);

    public override string ToString() => nameof(RegistryCredentials);

    private static string HostOf(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? address : address[(scheme + 3)..]).Split('/')[0].ToLowerInvariant();
        return HubNames.Contains(host) ? Hub : host;
    }
}
