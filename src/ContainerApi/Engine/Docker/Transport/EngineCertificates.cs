using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>
/// The certificates for one engine. The files are read for every new connection and parsed after a change, so a rotation needs no
/// restart. While the files are invalid, the last valid certificates stay in use.
/// </summary>
internal sealed partial class EngineCertificates(string engine, EngineTlsOptions options, ILogger logger)
{
    private readonly Lock _lock = new();
    private Files? _files;
    private Set? _current;

    /// <param name="Authorities">The trusted authorities.</param>
    /// <param name="Client">The client certificate with key and intermediate certificates; null without one.</param>
    internal sealed record Set(X509Certificate2Collection Authorities, SslStreamCertificateContext? Client);

    /// <exception cref="CertificateFileException">The files cannot be read, and no earlier certificates exist.</exception>
    public Set Read()
    {
        lock (_lock)
        {
            try
            {
                var files = Files.Read(options);
                if (_current is null || files != _files)
                {
                    _current = files.Parse(options);
                    _files = files;
                }
            }
            catch (CertificateFileException e) when (_current is not null)
            {
                KeptOld(engine, e.Message);
            }

            return _current!;
        }
    }

    /// <summary>Returns why the files are invalid, or null.</summary>
    public static string? Fault(EngineTlsOptions? options)
    {
        try
        {
            _ = options is null ? null : Files.Read(options).Parse(options);
            return null;
        }
        catch (CertificateFileException e)
        {
            return e.Message;
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "The changed certificates for engine {Engine} are invalid; the previous ones stay in use: {Reason}")]
    private partial void KeptOld(string engine, string reason);

    /// <summary>The texts of the files.</summary>
    private sealed record Files(string Authorities, string? Certificate, string? Key)
    {
        public static Files Read(EngineTlsOptions options) => new(Text(options.CaFile)!, Text(options.CertificateFile), Text(options.KeyFile));

        public Set Parse(EngineTlsOptions options) => new(
            Try(options.CaFile, "is invalid", () => All(Authorities)),
            Certificate is null ? null : Try(options.KeyFile!, "is invalid", () =>
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
