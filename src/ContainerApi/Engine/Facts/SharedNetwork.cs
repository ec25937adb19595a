namespace ContainerApi.Engine.Facts;

/// <summary>A network that a container shares with another one: its mode is <c>container:ID</c>.</summary>
internal static class SharedNetwork
{
    public const string Prefix = "container:";

    /// <summary>The id of the container whose network this one shares, or null; empty where the caller may not see that container.</summary>
    public static string? PeerOf(ContainerFacts container) => PeerOf(container.NetworkMode);

    public static string? PeerOf(string? mode) => mode?.StartsWith(Prefix, StringComparison.Ordinal) == true ? mode[Prefix.Length..] : null;

    /// <summary>Removes the names of other containers: link aliases, and a network peer that the caller may not see.</summary>
    public static ContainerFacts WithoutPeers(this ContainerFacts container, Func<string, bool> isVisible) => container with
    {
        Aliases = [],
        NetworkMode = PeerOf(container) is { } peer && !isVisible(peer) ? Prefix : container.NetworkMode,
    };
}
