using System.Diagnostics.CodeAnalysis;

namespace ContainerApi.Engine;

/// <summary>Where an engine listens: a unix socket or a TCP port.</summary>
internal sealed record EngineEndpoint
{
    public const string Default = "unix:///var/run/docker.sock";
    private const int DefaultPort = 2375;

    /// <summary>The socket's path, or null for TCP.</summary>
    public string? SocketPath { get; private init; }
    public string Host { get; private init; } = "";
    public int Port { get; private init; }

    /// <summary>Reads <c>unix:///path</c>, <c>tcp://host[:port]</c> and <c>http://host[:port]</c>, the forms of <c>DOCKER_HOST</c>.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out EngineEndpoint? endpoint)
    {
        endpoint = null;
        if (text is null)
        {
            return false;
        }

        if (text.StartsWith("unix://", StringComparison.Ordinal))
        {
            // docker-py and the tutorial write unix://var/run/docker.sock: a path all the same.
            var path = text["unix://".Length..];
            endpoint = path.Length > 0 ? new EngineEndpoint { SocketPath = path[0] == '/' ? path : "/" + path } : null;
            return endpoint is not null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var uri)
            && uri.Scheme is "tcp" or "http"
            && uri.Host.Length > 0
            && uri.UserInfo.Length == 0
            && uri.PathAndQuery is "" or "/")
        {
            endpoint = new EngineEndpoint { Host = uri.Host, Port = uri.IsDefaultPort ? DefaultPort : uri.Port };
            return true;
        }

        return false;
    }

    public override string ToString() => SocketPath is null ? $"tcp://{Host}:{Port}" : $"unix://{SocketPath}";
}
