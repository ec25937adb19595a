using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Engine.Docker;

/// <summary>The headers with registry credentials: JSON in URL-safe base64.</summary>
internal static class RegistryHeaders
{
    /// <summary>An empty JSON object.</summary>
    public const string NoCredentials = "e30=";

    /// <summary>The value of <c>X-Registry-Auth</c>.</summary>
    public static string ToAuth(RegistryCredentials credentials) =>
        Encode(JsonSerializer.SerializeToUtf8Bytes(ToWire(credentials), EngineWire.Default.RegistryAuth));

    /// <summary>The value of <c>X-Registry-Config</c>: credentials by registry. The engine looks for Docker Hub's by this address only.</summary>
    public static string ToConfig(IReadOnlyList<RegistryCredentials> credentials) => Encode(JsonSerializer.SerializeToUtf8Bytes(
        credentials.DistinctBy(c => c.Registry).ToDictionary(
            c => c.Registry == RegistryCredentials.Hub ? "https://index.docker.io/v1/" : c.Registry ?? "", ToWire),
        EngineWire.Default.IReadOnlyDictionaryStringRegistryAuth));

    private static RegistryAuth ToWire(RegistryCredentials credentials) => new(credentials.Username, credentials.Password, credentials.ServerAddress);

    /// <summary>With padding, which older engines require.</summary>
    private static string Encode(byte[] json) => Convert.ToBase64String(json).Replace('+', '-').Replace('/', '_');
}
