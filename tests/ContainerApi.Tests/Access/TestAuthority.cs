using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Tests.Access;

/// <summary>A certificate authority of the test's own, with what it issues as PEM files in a folder that goes with it.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

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

    public X509Certificate2 Certificate => _certificate;

    /// <summary>A server's certificate for 127.0.0.1 and localhost, unless said otherwise.</summary>
    public X509Certificate2 Server(
        string name = "localhost", string? address = "127.0.0.1", string usage = ServerUsage, TimeSpan? begins = null, TimeSpan? ends = null)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (address is not null)
        {
            names.AddIpAddress(IPAddress.Parse(address));
        }

        return Issue("CN=127.0.0.1", usage, begins ?? TimeSpan.FromDays(-5), ends ?? TimeSpan.FromDays(5), names.Build());
    }

    /// <summary>One that is for clients, for all else as <see cref="Server"/>.</summary>
    public X509Certificate2 ClientAsServer() => Server(usage: ClientUsage);

    public X509Certificate2 Client(string name) => Issue("CN=" + name, ClientUsage, TimeSpan.FromDays(-5), TimeSpan.FromDays(5), null);

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

    private X509Certificate2 Issue(string subject, string usage, TimeSpan begins, TimeSpan ends, X509Extension? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        if (names is not null)
        {
            request.CertificateExtensions.Add(names);
        }

        using var issued = request.Create(_certificate, DateTimeOffset.UtcNow + begins, DateTimeOffset.UtcNow + ends, RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }
}
