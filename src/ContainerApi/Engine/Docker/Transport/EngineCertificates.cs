using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ContainerApi.Engine.Docker.Transport;

/// <summary>
/// The certificates for one engine, as its files have them now. They are read for every new connection and parsed when they
/// changed, so a rotation needs no restart; while one is half done, the last good ones count.
/// </summary>
internal sealed partial class EngineCertificates(string engine, EngineTlsOptions options, ILogger logger)
{
    private readonly Lock _lock = new();
    private string? _text;
    private Set? _current;

    /// <param name="Authorities">Who may vouch for the engine.</param>
    /// <param name="Client">Who we are, with its key and the certificates in between; null where the engine does not ask.</param>
    internal sealed record Set(X509Certificate2Collection Authorities, SslStreamCertificateContext? Client);

    /// <exception cref="CertificateFileException">They cannot be read, and never could.</exception>
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

    /// <summary>What is wrong with the files, or null.</summary>
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

    [LoggerMessage(2, LogLevel.Warning, "The certificates for engine {Engine} were changed and cannot be used, so the last good ones are: {Reason}")]
    private partial void KeptOld(string engine, string reason);

    private sealed record Files(string Authorities, string? Certificate, string? Key)
    {
        public static Files Read(EngineTlsOptions options) =>
            new(Text(options.CaFile), options.CertificateFile is null ? null : Text(options.CertificateFile), options.KeyFile is null ? null : Text(options.KeyFile));

        public Set Parse(EngineTlsOptions options)
        {
            var authorities = Parsed(options.CaFile, () => All(Authorities));
            var client = Certificate is null
                ? null
                : Parsed(options.KeyFile!, () => SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(Certificate, Key), All(Certificate), offline: true));
            return new Set(authorities, client);
        }

        private static X509Certificate2Collection All(string pem)
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            return all.Count > 0 ? all : throw new CryptographicException("there is no certificate in it");
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
                throw new CertificateFileException($"'{path}' is not what it should be: {e.Message}", e);
            }
        }
    }
}

/// <summary>A file with certificates or a key that cannot be used; its message names the file and is for operators.</summary>
internal sealed class CertificateFileException(string message, Exception inner) : Exception(message, inner);
