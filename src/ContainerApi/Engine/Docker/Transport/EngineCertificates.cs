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
    private string? _text;
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
                var text = $"{files.Authorities}\0{files.Certificate}\0{files.Key}";
                if (_current is null || text != _text)
                {
                    _current = files.Parse(options);
                    _text = text;
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

    private sealed record Files(string Authorities, string? Certificate, string? Key)
    {
        public static Files Read(EngineTlsOptions options) =>
            new(
                Text(options.CaFile),
                options.CertificateFile is null ? null : Text(options.CertificateFile),
                options.KeyFile is null ? null : Text(options.KeyFile));

        public Set Parse(EngineTlsOptions options)
        {
            var authorities = Parsed(options.CaFile, () => All(Authorities));
            var client = Certificate is null
                ? null
                : Parsed(options.KeyFile!, () =>
                    SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(Certificate, Key), All(Certificate), offline: true));
            return new Set(authorities, client);
        }

        private static X509Certificate2Collection All(string pem)
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            return all.Count > 0 ? all : throw new CryptographicException("the file has no certificate");
        }

        private static string Text(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CertificateFileException($"'{path}' cannot be read: {e.Message}", e);
            }
        }

        private static T Parsed<T>(string path, Func<T> parse)
        {
            try
            {
                return parse();
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                throw new CertificateFileException($"'{path}' is invalid: {e.Message}", e);
            }
        }
    }
}

/// <summary>An unusable certificate or key file. The message names the file and is for operators.</summary>
internal sealed class CertificateFileException(string message, Exception inner) : Exception(message, inner);
