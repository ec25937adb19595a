using ContainerApi.Tls;

namespace ContainerApi.Engine;

/// <summary>One configured engine: <c>Engines:N</c>.</summary>
internal sealed class EngineOptions
{
    public string Name { get; set; } = "";

    /// <summary><c>unix:///path</c> or <c>tcp://host:port</c>.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>TLS settings; null for a plain connection.</summary>
    public EngineTlsOptions? Tls { get; set; }

    /// <summary>
    /// <c>auto</c>: reads processes and counters from the host where this service shares it with the engine. <c>off</c>: uses the
    /// engine's API only.
    /// </summary>
    public string HostSource { get; set; } = HostSourceAuto;

    public const string HostSourceAuto = "auto";
    public const string HostSourceOff = "off";

    /// <summary>The timeout of a short call.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>TLS with one engine: <c>Engines:N:Tls</c>. Files are PEM and are read for every new connection.</summary>
internal sealed class EngineTlsOptions
{
    /// <summary>The trusted authorities of the engine's certificate. The system's authorities are not trusted.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>The client certificate, with its intermediate certificates; null without client authentication.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>The private key of <see cref="CertificateFile"/>, without a password.</summary>
    public string? KeyFile { get; set; }

    public TlsFiles ToFiles() => new(CaFile, CertificateFile, KeyFile);

    /// <summary>The files in <c>DOCKER_CERT_PATH</c>. The client certificate is optional, as for the docker command.</summary>
    public static EngineTlsOptions In(string directory)
    {
        var certificate = Path.Combine(directory, "cert.pem");
        var key = Path.Combine(directory, "key.pem");
        var isClient = File.Exists(certificate) || File.Exists(key);
        return new EngineTlsOptions
        {
            CaFile = Path.Combine(directory, "ca.pem"),
            CertificateFile = isClient ? certificate : null,
            KeyFile = isClient ? key : null,
        };
    }
}

internal sealed class EngineOptionsValidator : AbstractValidator<EngineOptions>
{
    public EngineOptionsValidator()
    {
        RuleFor(o => o.Name).Matches(@"^[a-z0-9][a-z0-9_.-]{0,62}\z")
            .WithMessage("'{PropertyValue}' is not an engine name: lower-case letters, digits, '_', '.' and '-', 63 at most.");
        RuleFor(o => o.Endpoint).Must(e => EngineEndpoint.TryParse(e, out _))
            .WithMessage("'{PropertyValue}' is not an endpoint: unix:///path or tcp://host:port.");
        RuleFor(o => o.HostSource).Must(s => s is EngineOptions.HostSourceAuto or EngineOptions.HostSourceOff)
            .WithMessage("'{PropertyValue}' is not a host source: auto or off.");
        RuleFor(o => o.Tls).Null().When(o => EngineEndpoint.TryParse(o.Endpoint, out var e) && e.SocketPath is not null)
            .WithMessage("is not supported with a unix socket.");
        RuleFor(o => o.Tls!).SetValidator(new EngineTlsOptionsValidator()).When(o => o.Tls is not null);
        RuleFor(o => o.CallTimeout).InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
    }
}

internal sealed class EngineTlsOptionsValidator : AbstractValidator<EngineTlsOptions>
{
    public EngineTlsOptionsValidator()
    {
        RuleFor(o => o.CaFile).NotEmpty().WithMessage("is missing: the file with the authority of the engine's certificate.");
        RuleFor(o => o.CertificateFile).NotEmpty().When(o => o.KeyFile is not null)
            .WithMessage("is missing: a key needs its certificate.");
        RuleFor(o => o.KeyFile).NotEmpty().When(o => o.CertificateFile is not null)
            .WithMessage("is missing: a certificate needs its key.");
    }
}
