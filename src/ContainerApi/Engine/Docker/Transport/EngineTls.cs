using System.Globalization;
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
                AuthenticationException or IOException when ReasonOf(e) is { } refusal => new EngineTlsException(refusal, e),
                AuthenticationException => new EngineTlsException("the endpoint does not support TLS, or no common version", e),
                _ => e,
            };
        }
    }

    /// <summary>Returns the TLS error of a failed connection as the end of a sentence; null for another error.</summary>
    public static string? ReasonOf(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is EngineTlsException refusal)
            {
                return refusal.Message;
            }

            // With TLS 1.3 an engine checks the client certificate after the client's handshake: its alert comes with the first answer.
            if (e.Message.Contains("alert", StringComparison.OrdinalIgnoreCase)
                && (e.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase)
                    || e.Message.Contains("unknown ca", StringComparison.OrdinalIgnoreCase)))
            {
                return "it requires a trusted client certificate";
            }
        }

        return null;
    }

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

        if (!errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            yield break;
        }

        foreach (var fault in (chain?.ChainStatus ?? []).Select(s => FaultOf(certificate, s)).Distinct())
        {
            yield return fault;
        }
    }

    private static string FaultOf(X509Certificate2 certificate, X509ChainStatus status) => status.Status switch
    {
        X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain => "was issued by an authority that is not the configured one",
        X509ChainStatusFlags.NotTimeValid when certificate.NotAfter < DateTime.Now =>
            string.Create(CultureInfo.InvariantCulture, $"expired at {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd'T'HH:mm:ss'Z'}"),
        X509ChainStatusFlags.NotTimeValid when certificate.NotBefore > DateTime.Now =>
            string.Create(CultureInfo.InvariantCulture, $"is not valid before {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd'T'HH:mm:ss'Z'}"),
        X509ChainStatusFlags.NotTimeValid => "was issued by an authority whose certificate is not valid now",
        X509ChainStatusFlags.NotValidForUsage => "is not for server authentication",
        _ => $"cannot be trusted ({status.Status})",
    };
}

/// <summary>TLS with an engine failed. The message is the end of a sentence, for clients.</summary>
internal sealed class EngineTlsException(string message, Exception inner) : IOException(message, inner);
