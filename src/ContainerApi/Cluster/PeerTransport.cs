using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using ContainerApi.Access;
using ContainerApi.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Yarp.ReverseProxy.Forwarder;

namespace ContainerApi.Cluster;

/// <summary>
/// Connections between replicas: HTTP/1.1 in mutual TLS. Both sides have a certificate of the configured authority for one name, whatever
/// their addresses are. The files are read for every connection. HTTP/2 would share one flow control between a build context and lists.
/// </summary>
internal sealed class PeerTransport : IDisposable
{
    /// <summary>The name in the certificate of every replica.</summary>
    public const string CertificateName = "containerapi-peer";

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    private readonly CertificateFiles _certificates;
    private readonly TlsClient _tls;

    public PeerTransport(ClusterOptions options, ILogger<PeerTransport> logger)
    {
        _certificates = new CertificateFiles("replicas", options.Files, logger);
        _tls = new TlsClient(CertificateName, _certificates);
        Invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
                await _tls.SecureAsync(await ConnectAsync(context, cancellationToken), cancellationToken),
            ConnectTimeout = ConnectTimeout,
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            // A client that leaves stops the work of the other replica.
            ResponseDrainTimeout = TimeSpan.Zero,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
            // Changed certificates apply to all connections after this time.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ActivityHeadersPropagator = new ReverseProxyPropagator(System.Diagnostics.DistributedContextPropagator.Current),
        });
    }

    /// <summary>Calls addresses with the scheme http: the connection itself is TLS.</summary>
    public HttpMessageInvoker Invoker { get; }

    /// <summary>Lets a listener accept other replicas alone.</summary>
    public void Secure(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(ServerOptions()) });
        listen.Use(next => connection =>
        {
            connection.Features.Set(new PeerConnection());
            return next(connection);
        });
    }

    public void Dispose() => Invoker.Dispose();

    private SslServerAuthenticationOptions ServerOptions()
    {
        var files = _certificates.Read();
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = files.Own,
            ClientCertificateRequired = true,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            CertificateChainPolicy = RemoteCertificate.PolicyOf(files.Authorities, RemoteCertificate.ClientAuthentication),
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => !RemoteCertificate.FaultsOf(
                CertificateName, RemoteCertificate.ClientAuthentication, certificate as X509Certificate2, chain, errors).Any(),
        };
    }

    private static async Task<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // A stream to a host that lost its network ends after 25 seconds.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 10);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
