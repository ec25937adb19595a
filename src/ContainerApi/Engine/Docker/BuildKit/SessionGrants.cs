using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Engine.Docker.BuildKit;

/// <summary>
/// What one build may ask its session for: it travels with the session's connection and ends with it, so no other build
/// can reach it. Prints no member.
/// </summary>
internal sealed class SessionGrants(IReadOnlyDictionary<string, string> secrets, IReadOnlyList<RegistryCredentials> credentials)
{
    /// <summary>How Docker Hub is called by engines, by clients, and by its own configuration files.</summary>
    private static readonly IReadOnlyList<string> Hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

    /// <summary>The secret of this id as UTF-8, or null where the build has none.</summary>
    public byte[]? FindSecret(string id) => secrets.TryGetValue(id, out var value) ? Encoding.UTF8.GetBytes(value) : null;

    /// <summary>The credentials for a registry, by its host and port; null is anonymous.</summary>
    public RegistryCredentials? FindCredentials(string host) =>
        credentials.FirstOrDefault(c => c.ServerAddress is { } address && HostOf(address) == HostOf(host));

    /// <summary>The grants of the session that a call came through.</summary>
    public static SessionGrants Of(IFeatureCollection features) =>
        features.Get<SessionGrants>() ?? throw new InvalidOperationException("Every session's connection carries its grants.");

    /// <summary>The registry's host and port of what people call its address, as in <c>https://index.docker.io/v1/</c>.</summary>
    private static string HostOf(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? address : address[(scheme + 3)..]).Split('/')[0].ToLowerInvariant();
        return Hub.Contains(host) ? Hub[0] : host;
    }
}
