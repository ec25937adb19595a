using System.Reflection;

namespace ContainerApi.Api;

/// <summary>The version of the HTTP contract and of the service, by Semantic Versioning.</summary>
internal static class ServiceVersion
{
    public const string Name = "ContainerApi";

    public static readonly string Current =
        typeof(ServiceVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
