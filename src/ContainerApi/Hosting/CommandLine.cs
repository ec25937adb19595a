using System.Reflection;
using Microsoft.Extensions.Options;

namespace ContainerApi.Hosting;

/// <summary>The arguments of the program: settings, or a request for information.</summary>
internal static class CommandLine
{
    private const string Help = """
        ContainerApi, a REST API in front of Docker Engine.

        Usage:
          ContainerApi [--Name:Of:Setting=value ...]       runs the service
          ContainerApi healthcheck [--Name=value ...]      checks the service with the same settings
          ContainerApi --version | --help

        Common settings (all: docs/configuration.md; environment variables have __ for :):
          --urls=http://127.0.0.1:8080                     listen addresses
          --Engines:0:Name=local --Engines:0:Endpoint=unix:///var/run/docker.sock
          --Builds:ContextRoots:0=/contexts                directories whose subdirectories may be built by path
          --Security:ApiKeys:0:Name=ci --Security:ApiKeys:0:Hash=sha256:... --Security:ApiKeys:0:Scopes:0=containers:read
        """;

    /// <summary>The sections of the service's settings, and what the framework's parts read.</summary>
    private static readonly HashSet<string> Sections = new(
        [
            "AllowedHosts", "Builds", "Cluster", "DefaultEngine", "Engines", "Host", "Limits", "Metrics", "Security",
            "DOCKER_CERT_PATH", "DOCKER_HOST", "DOCKER_TLS_VERIFY", "Kestrel", "Logging", "Serilog",
            .. Constants(typeof(WebHostDefaults)), .. Constants(typeof(HostDefaults)),
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns the text to print instead of running the service, or null.</summary>
    public static string? Answer(IReadOnlyList<string> args) =>
        args.Contains("--help") || args.Contains("-h") ? Help
        : args.Contains("--version") ? Api.ServiceVersion.Current
        : null;

    /// <summary>The framework ignores what it does not know, so that a typing error would go unnoticed.</summary>
    /// <exception cref="OptionsValidationException">An argument is no setting.</exception>
    public static void Validate(IReadOnlyList<string> args)
    {
        for (var n = 0; n < args.Count; n++)
        {
            var name = args[n].Split('=')[0];
            var section = name.Split(':')[0].TrimStart('-');
            var isKnown = Sections.Contains(section) || section.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase);
            var fault = !name.StartsWith("--", StringComparison.Ordinal) ? $"Unexpected argument '{args[n]}'. Settings are --Name=value."
                : !isKnown ? $"Unknown option '{name}'."
                : !args[n].Contains('=', StringComparison.Ordinal) && ++n == args.Count ? $"Option '{name}' has no value."
                : null;
            if (fault is not null)
            {
                throw new OptionsValidationException("arguments", typeof(string), [fault + " See ContainerApi --help."]);
            }
        }
    }

    private static IEnumerable<string> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetValue(null)!);
}
