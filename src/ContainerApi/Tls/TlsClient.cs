using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Tls;

/// <summary>
/// TLS with one server. Its certificate must (1) be issued by the configured authority, (2) be within its validity period, (3) permit
/// server authentication, and (4) have the configured host name or address in its alternative names.
/// </summary>
internal sealed class TlsClient(string host, CertificateFiles certificates)
{
    /// <summary>
    /// The alerts by which a server rejects a client certificate (RFC 8446, section 6.2): bad, unsupported, revoked, expired, unknown,
    /// of an unknown authority, missing.
    /// </summary>
    private static readonly int[] ClientCertificateAlerts = [42, 43, 44, 45, 46, 48, 116];

    /// <summary>Starts TLS on a new connection; closes it on failure.</summary>
    public async ValueTask<Stream> SecureAsync(Stream connection, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        var stream = new SslStream(connection);
        try
        {
            var files = certificates.Read();
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                    ClientCertificateContext = files.Own,
                    CertificateChainPolicy = RemoteCertificate.PolicyOf(files.Authorities, RemoteCertificate.ServerAuthentication),
                    // Collects all faults instead of the first.
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                    {
                        faults.AddRange(RemoteCertificate.FaultsOf(
                            host, RemoteCertificate.ServerAuthentication, certificate as X509Certificate2, chain, errors));
                        return faults.Count == 0;
                    },
                },
                cancellationToken);
            return stream;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync();
            throw e switch
            {
                CertificateFileException => new TlsException("the certificates for it cannot be read", e),
                AuthenticationException when faults.Count > 0 => new TlsException($"its certificate {string.Join(", and ", faults)}", e),
                AuthenticationException or IOException when ReasonOf(e) is { } reason => new TlsException(reason, e),
                AuthenticationException => new TlsException("the endpoint does not support TLS, or no common version", e),
                _ => e,
            };
        }
    }

    /// <summary>Returns the TLS error of a failed connection as the end of a sentence; null for another error.</summary>
    public static string? ReasonOf(Exception? exception) => exception switch
    {
        null => null,
        TlsException e => e.Message,
        // With TLS 1.3 a server checks the client certificate after the client's handshake: its alert comes with the first answer.
        CryptographicException e when ClientCertificateAlerts.Contains(AlertOf(e)) => "it requires a trusted client certificate",
        _ => ReasonOf(exception.InnerException),
    };

    /// <summary>
    /// The TLS alert of an OpenSSL error. .NET has no public type for alerts; on Linux the exception's HResult is the code of OpenSSL
    /// (dotnet/runtime <c>Interop.ERR.cs</c>), whose low bits are 1000 + alert (openssl <c>SSL_AD_REASON_OFFSET</c>).
    /// </summary>
    private static int AlertOf(CryptographicException exception) => (exception.HResult & 0xFFF) - 1000;
}

/// <summary>TLS with a server failed. The message is the end of a sentence, for clients.</summary>
internal sealed class TlsException(string message, Exception inner) : IOException(message, inner);
