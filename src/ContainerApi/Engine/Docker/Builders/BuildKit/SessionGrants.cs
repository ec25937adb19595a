using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// The secrets and credentials of one build. They belong to the connection of its session, so no other build can read them.
/// Prints no member.
/// </summary>
internal sealed class SessionGrants(IReadOnlyDictionary<string, string> secrets, IReadOnlyList<RegistryCredentials> credentials)
{
    /// <summary>Returns the secret as UTF-8, or null.</summary>
    public byte[]? FindSecret(string id) => secrets.TryGetValue(id, out var value) ? Encoding.UTF8.GetBytes(value) : null;

    /// <summary>Returns the credentials for a registry, <c>host[:port]</c>; null for none.</summary>
    public RegistryCredentials? FindCredentials(string host) => credentials.FirstOrDefault(c => c.AreFor(host));

    /// <summary>The grants of the connection of a call.</summary>
    public static SessionGrants Of(IFeatureCollection features) =>
        features.Get<SessionGrants>() ?? throw new InvalidOperationException("A session's connection has no grants.");
}
