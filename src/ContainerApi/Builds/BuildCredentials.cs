using System.Buffers.Text;
using System.Text.Json;
using ContainerApi.Http;

namespace ContainerApi.Builds;

/// <summary>Reads the registries' credentials of a build from its headers, which Docker's own clients send, too.</summary>
internal static class BuildCredentials
{
    /// <summary>Members of Docker's that we have no use for (<c>email</c>, <c>auth</c>) are skipped.</summary>
    private static readonly JsonSerializerOptions Lenient = new(JsonSerializerDefaults.Web);

    /// <returns>What both headers say; null where one of them is not in its form.</returns>
    public static IReadOnlyList<RegistryAuthRequest>? Of(BuildRequest request)
    {
        try
        {
            var byHost = request.RegistryConfig is { } config ? Read<Dictionary<string, RegistryAuthRequest>>(config) : [];
            var found = byHost.Select(entry => (entry.Value ?? throw new JsonException()) with { ServerAddress = entry.Key });
            return [.. request.RegistryAuth is { } one ? found.Append(Read<RegistryAuthRequest>(one)) : found];
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private static T Read<T>(string header) =>
        JsonSerializer.Deserialize<T>(Base64Url.DecodeFromChars(header.Trim().Replace('+', '-').Replace('/', '_').AsSpan().TrimEnd('=')), Lenient)
        ?? throw new JsonException();
}
