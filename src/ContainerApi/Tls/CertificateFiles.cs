using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Tls;

/// <summary>The PEM files for TLS: the trusted authorities, and a certificate with its key or neither.</summary>
internal sealed record TlsFiles(string CaFile, string? CertificateFile, string? KeyFile);

/// <summary>
/// The certificates in files. The files are read for every new connection and parsed after a change, so a rotation needs no
/// restart. While the files are invalid, the last valid certificates stay in use.
/// </summary>
/// <param name="purpose">The connections that the certificates are for, as in "engine local".</param>
internal sealed partial class CertificateFiles(string purpose, TlsFiles paths, ILogger logger)
{
    private readonly Lock _lock = new();
    private Files? _files;
    private Set? _current;

    /// <param name="Authorities">The trusted authorities.</param>
    /// <param name="Own">The certificate with key and intermediate certificates; null without one.</param>
    internal sealed record Set(X509Certificate2Collection Authorities, SslStreamCertificateContext? Own);

    /// <exception cref="CertificateFileException">The files cannot be read, and no earlier certificates exist.</exception>
    public Set Read()
    {
        lock (_lock)
        {
            try
            {
                var files = Files.Read(paths);
                if (_current is null || files != _files)
                {
                    _current = files.Parse(paths);
                    _files = files;
                }
            }
            catch (CertificateFileException e) when (_current is not null)
            {
                KeptOld(purpose, e.Message);
            }

            return _current!;
        }
    }

    /// <exception cref="CertificateFileException">The files cannot be used.</exception>
    public static Set ReadOnce(TlsFiles paths) => Files.Read(paths).Parse(paths);

    /// <summary>Returns why the files are invalid, or null.</summary>
    public static string? Fault(TlsFiles? paths)
    {
        try
        {
            _ = paths is null ? null : ReadOnce(paths);
            return null;
        }
        catch (CertificateFileException e)
        {
            return e.Message;
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "The changed certificates for {Purpose} are invalid; the previous ones stay in use: {Reason}")]
    private partial void KeptOld(string purpose, string reason);

    /// <summary>The texts of the files.</summary>
    private sealed record Files(string Authorities, string? Certificate, string? Key)
    {
        public static Files Read(TlsFiles paths) => new(Text(paths.CaFile)!, Text(paths.CertificateFile), Text(paths.KeyFile));

        public Set Parse(TlsFiles paths) => new(
            Try(paths.CaFile, "is invalid", () => All(Authorities)),
            Certificate is null ? null : Try(paths.KeyFile!, "is invalid", () =>
                SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(Certificate, Key), All(Certificate), offline: true)));

        private static string? Text(string? path) => path is null ? null : Try(path, "cannot be read", () => File.ReadAllText(path));

        private static X509Certificate2Collection All(string pem)
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            return all.Count > 0 ? all : throw new CryptographicException("the file has no certificate");
        }

        private static T Try<T>(string path, string fault, Func<T> read)
        {
            try
            {
                return read();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                throw new CertificateFileException($"'{path}' {fault}: {e.Message}", e);
            }
        }
    }
}

/// <summary>An unusable certificate or key file. The message names the file and is for operators.</summary>
internal sealed class CertificateFileException(string message, Exception inner) : Exception(message, inner);
