using System.Net;

namespace ContainerApi.Engine;

/// <summary>The address of an engine: a unix socket or a TCP port.</summary>
/// <param name="SocketPath">The socket's path, or null for TCP.</param>
internal sealed record EngineEndpoint(string? SocketPath, string Host = "", int Port = 0)
{
    public const string Default = "unix:///var/run/docker.sock";
    private const int DefaultPort = 2375;
    private const int DefaultTlsPort = 2376;

    /// <summary>Whether the connection stays on this machine.</summary>
    public bool IsLocal =>
        SocketPath is not null || Host is "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Reads <c>unix:///path</c>, <c>tcp://host[:port]</c> and <c>http://host[:port]</c>, the formats of <c>DOCKER_HOST</c>.</summary>
    /// <param name="tls">Whether the endpoint uses TLS, which has another default port.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out EngineEndpoint? endpoint, bool tls = false)
    {
        endpoint = null;
        if (text?.StartsWith("unix://", StringComparison.Ordinal) == true)
        {
            // docker-py and the tutorial write unix://var/run/docker.sock for the absolute path.
            var path = text["unix://".Length..];
            endpoint = path.Length > 0 ? new EngineEndpoint(path[0] == '/' ? path : "/" + path) : null;
        }
        else if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "tcp" or "http"
            && uri.Host.Length > 0 && uri.UserInfo.Length == 0 && uri.PathAndQuery is "" or "/")
        {
            // IdnHost is an IPv6 address without brackets, as certificates have it.
            endpoint = new EngineEndpoint(null, uri.IdnHost, !uri.IsDefaultPort ? uri.Port : tls ? DefaultTlsPort : DefaultPort);
        }

        return endpoint is not null;
    }

    public override string ToString() =>
        SocketPath is not null ? $"unix://{SocketPath}" : Host.Contains(':') ? $"tcp://[{Host}]:{Port}" : $"tcp://{Host}:{Port}";
}
