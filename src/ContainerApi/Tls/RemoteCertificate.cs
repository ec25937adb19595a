using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Tls;

/// <summary>Validates the certificate of the other side of a connection against private authorities.</summary>
internal static class RemoteCertificate
{
    public static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    public static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <summary>Trusts these authorities alone, for one purpose.</summary>
    public static X509ChainPolicy PolicyOf(X509Certificate2Collection authorities, Oid usage)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // Private authorities have no revocation list. Nothing is downloaded from addresses in a certificate.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(usage);
        return policy;
    }

    /// <summary>Returns all faults of a certificate, each as the end of a sentence; none for a valid one.</summary>
    /// <param name="name">The host name or address that the certificate must have.</param>
    public static IEnumerable<string> FaultsOf(
        string name, Oid usage, X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            yield return "is missing";
            yield break;
        }

        // The subject's common name is ignored, as in all current clients.
        if (!certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false))
        {
            yield return $"is for another name than {name}";
        }

        var chainFaults = errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? chain?.ChainStatus ?? [] : [];
        foreach (var fault in chainFaults.Select(s => FaultOf(certificate, usage, s)).Distinct())
        {
            yield return fault;
        }
    }

    private static string FaultOf(X509Certificate2 certificate, Oid usage, X509ChainStatus status) => status.Status switch
    {
        X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain => "was issued by an authority that is not the configured one",
        X509ChainStatusFlags.NotTimeValid when certificate.NotAfter < DateTime.Now => "expired at " + Text(certificate.NotAfter),
        X509ChainStatusFlags.NotTimeValid when certificate.NotBefore > DateTime.Now => "is not valid before " + Text(certificate.NotBefore),
        X509ChainStatusFlags.NotTimeValid => "was issued by an authority whose certificate is not valid now",
        X509ChainStatusFlags.NotValidForUsage => $"is not for {(usage == ServerAuthentication ? "server" : "client")} authentication",
        _ => $"cannot be trusted ({status.Status})",
    };

    private static string Text(DateTime local) => local.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
