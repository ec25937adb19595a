using System.Text.Json;
using ContainerApi.Api;

namespace ContainerApi.Builds;

/// <summary>Reads registry credentials from the headers that Docker's clients send.</summary>
internal static class BuildCredentials
{
    /// <returns>The credentials of both headers; null when a header is malformed.</returns>
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
