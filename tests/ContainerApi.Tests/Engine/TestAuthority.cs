using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Tests.Engine;

/// <summary>A certificate authority with a folder for PEM files.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly Oid ServerUsage = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientUsage = new("1.3.6.1.5.5.7.3.2");

    private readonly X509Certificate2 _certificate;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority " + Guid.NewGuid().ToString("n"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(10));
        File.WriteAllText(CaFile, _certificate.ExportCertificatePem());
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("containerapi-test-").FullName;

    public string CaFile => Path.Combine(Folder, "ca.pem");

    /// <summary>A server certificate; by default for localhost and 127.0.0.1, valid now.</summary>
    /// <param name="begins">The first day of validity, from now.</param>
    /// <param name="ends">The last day of validity, from now.</param>
    public X509Certificate2 Server(string name = "localhost", string? address = "127.0.0.1", bool isClient = false, int begins = -5, int ends = 5)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (address is not null)
        {
            names.AddIpAddress(IPAddress.Parse(address));
        }

        return Issue("CN=127.0.0.1", [isClient ? ClientUsage : ServerUsage], begins, ends, names.Build());
    }

    public X509Certificate2 Client(string name) => Issue("CN=" + name, [ClientUsage], -5, 5);

    /// <summary>The certificate of a replica.</summary>
    public X509Certificate2 Peer(string name = "containerapi-peer", int ends = 5)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        return Issue("CN=peer", [ServerUsage, ClientUsage], -5, ends, names.Build());
    }

    /// <summary>Writes a certificate and its key as <c>NAME.pem</c> and <c>NAME-key.pem</c>.</summary>
    public (string CertificateFile, string KeyFile) Write(X509Certificate2 certificate, string name)
    {
        var (file, keyFile) = (Path.Combine(Folder, name + ".pem"), Path.Combine(Folder, name + "-key.pem"));
        File.WriteAllText(file, certificate.ExportCertificatePem());
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (file, keyFile);
    }

    public void Dispose()
    {
        _certificate.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private X509Certificate2 Issue(string subject, OidCollection usages, int begins, int ends, params IReadOnlyList<X509Extension> extensions)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions.Append(new X509EnhancedKeyUsageExtension(usages, critical: false)))
        {
            request.CertificateExtensions.Add(extension);
        }

        var now = DateTimeOffset.UtcNow;
        using var issued = request.Create(_certificate, now.AddDays(begins), now.AddDays(ends), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }
}
