using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// What one build may ask its session for: it travels with the session's connection and ends with it, so no other build
/// can reach it. Prints no member.
/// </summary>
internal sealed class SessionGrants(IReadOnlyDictionary<string, string> secrets, IReadOnlyList<RegistryCredentials> credentials)
{
    /// <summary>The secret of this id as UTF-8, or null where the build has none.</summary>
    public byte[]? FindSecret(string id) => secrets.TryGetValue(id, out var value) ? Encoding.UTF8.GetBytes(value) : null;

    /// <summary>The credentials for a registry, by its host and port; null is anonymous.</summary>
    public RegistryCredentials? FindCredentials(string host) =>
        credentials.FirstOrDefault(c => c.AreFor(host));

    /// <summary>The grants of the session that a call came through.</summary>
    public static SessionGrants Of(IFeatureCollection features) =>
        features.Get<SessionGrants>() ?? throw new InvalidOperationException("Every session's connection carries its grants.");
}
