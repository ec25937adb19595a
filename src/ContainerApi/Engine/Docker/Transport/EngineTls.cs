using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>
/// TLS with one engine. Its certificate must (1) be vouched for by the configured authority and no other, (2) be in its
/// time, (3) be one for servers, and (4) name the host in its alternative names, address or name as configured.
/// </summary>
internal sealed class EngineTls(string host, EngineCertificates certificates)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    /// <summary>Speaks TLS over a fresh connection, which is closed where that fails.</summary>
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
                    // The policy and the name are judged by what the platform found, so that all faults are told, and not the first.
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
                AuthenticationException => new EngineTlsException("what answers there does not speak TLS, or none that this service speaks", e),
                _ => e,
            };
        }
    }

    /// <summary>What TLS had to do with a failed connection, in words that end a sentence; null for nothing.</summary>
    public static string? ReasonOf(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is EngineTlsException refusal)
            {
                return refusal.Message;
            }

            // With TLS 1.3 an engine judges our certificate after we think that all is well: its alert comes with the first answer.
            if (e.Message.Contains("alert", StringComparison.OrdinalIgnoreCase)
                && (e.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("unknown ca", StringComparison.OrdinalIgnoreCase)))
            {
                return "it asks for a client certificate that it trusts, and refuses ours or misses it";
            }
        }

        return null;
    }

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // A private authority has no list of what it revoked; nothing is fetched from where a certificate says.
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

        // Names in the subject are not looked at: no client of our time does.
        if (!certificate.MatchesHostname(host, allowWildcards: true, allowCommonName: false))
        {
            yield return $"is for another name: it is not one for {host}";
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
        X509ChainStatusFlags.NotTimeValid => "was issued by an authority whose own certificate is out of its time",
        X509ChainStatusFlags.NotValidForUsage => "is not one for servers",
        _ => $"cannot be trusted ({status.Status})",
    };
}

/// <summary>TLS with an engine could not be had; the message says why, in words that end a sentence and are fit for a client.</summary>
internal sealed class EngineTlsException(string message, Exception inner) : IOException(message, inner);
