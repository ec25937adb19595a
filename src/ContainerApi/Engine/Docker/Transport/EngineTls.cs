using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>
/// TLS with one engine. Its certificate must (1) be issued by the configured authority, (2) be within its validity period, (3) permit
/// server authentication, and (4) have the configured host name or address in its alternative names.
/// </summary>
internal sealed class EngineTls(string host, EngineCertificates certificates)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    /// <summary>
    /// The alerts by which an engine rejects a client certificate (RFC 8446, section 6.2): bad, unsupported, revoked, expired, unknown,
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
                    ClientCertificateContext = files.Client,
                    CertificateChainPolicy = PolicyOf(files.Authorities),
                    // Collects all faults instead of the first.
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                    {
                        faults.AddRange(FaultsOf(certificate as X509Certificate2, chain, errors));
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
                CertificateFileException => new EngineTlsException("the certificates for it cannot be read", e),
                AuthenticationException when faults.Count > 0 => new EngineTlsException($"its certificate {string.Join(", and ", faults)}", e),
                AuthenticationException or IOException when ReasonOf(e) is { } reason => new EngineTlsException(reason, e),
                AuthenticationException => new EngineTlsException("the endpoint does not support TLS, or no common version", e),
                _ => e,
            };
        }
    }

    /// <summary>Returns the TLS error of a failed connection as the end of a sentence; null for another error.</summary>
    public static string? ReasonOf(Exception? exception) => exception switch
    {
        null => null,
        EngineTlsException e => e.Message,
        // With TLS 1.3 an engine checks the client certificate after the client's handshake: its alert comes with the first answer.
        CryptographicException e when ClientCertificateAlerts.Contains(AlertOf(e)) => "it requires a trusted client certificate",
        _ => ReasonOf(exception.InnerException),
    };

    /// <summary>
    /// The TLS alert of an OpenSSL error. .NET has no public type for alerts; on Linux the exception's HResult is the code of OpenSSL
    /// (dotnet/runtime <c>Interop.ERR.cs</c>), whose low bits are 1000 + alert (openssl <c>SSL_AD_REASON_OFFSET</c>).
    /// </summary>
    private static int AlertOf(CryptographicException exception) => (exception.HResult & 0xFFF) - 1000;

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // Private authorities have no revocation list. Nothing is downloaded from addresses in a certificate.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(ServerAuthentication);
        return policy;
    }

    private IEnumerable<string> FaultsOf(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            yield return "is missing";
            yield break;
        }

        // The subject's common name is ignored, as in all current clients.
        if (!certificate.MatchesHostname(host, allowWildcards: true, allowCommonName: false))
        {
            yield return $"is for another name than {host}";
        }

        var chainFaults = errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? chain?.ChainStatus ?? [] : [];
        foreach (var fault in chainFaults.Select(s => FaultOf(certificate, s)).Distinct())
        {
            yield return fault;
        }
    }

    private static string FaultOf(X509Certificate2 certificate, X509ChainStatus status) => status.Status switch
    {
        X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain => "was issued by an authority that is not the configured one",
        X509ChainStatusFlags.NotTimeValid when certificate.NotAfter < DateTime.Now => "expired at " + Text(certificate.NotAfter),
        X509ChainStatusFlags.NotTimeValid when certificate.NotBefore > DateTime.Now => "is not valid before " + Text(certificate.NotBefore),
        X509ChainStatusFlags.NotTimeValid => "was issued by an authority whose certificate is not valid now",
        X509ChainStatusFlags.NotValidForUsage => "is not for server authentication",
        _ => $"cannot be trusted ({status.Status})",
    };

    private static string Text(DateTime local) => local.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>TLS with an engine failed. The message is the end of a sentence, for clients.</summary>
internal sealed class EngineTlsException(string message, Exception inner) : IOException(message, inner);
