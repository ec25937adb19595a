using System.Text.Json;
using ContainerApi.Api;

namespace ContainerApi.Builds;

/// <summary>Reads the registries' credentials of a build from its headers, which Docker's own clients send, too.</summary>
internal static class BuildCredentials
{
    /// <returns>What both headers say; null where one of them is not in its form.</returns>
    public static IReadOnlyList<RegistryAuthRequest>? Of(BuildRequest request)
    {
        try
        {
            var byHost = request.RegistryConfig is { } config ? RegistryAuthHeader.Read<Dictionary<string, RegistryAuthRequest>>(config) : [];
            var found = byHost.Select(entry => (entry.Value ?? throw new JsonException()) with { ServerAddress = entry.Key });
            return [.. request.RegistryAuth is { } one ? found.Append(RegistryAuthHeader.Read<RegistryAuthRequest>(one)) : found];
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }
}
