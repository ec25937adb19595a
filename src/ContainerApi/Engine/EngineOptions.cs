using FluentValidation;

namespace ContainerApi.Engine;

/// <summary>One configured engine: <c>Engines:N</c>.</summary>
internal sealed class EngineOptions
{
    public string Name { get; set; } = "";

    /// <summary><c>unix:///path</c> or <c>tcp://host:port</c>.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>Speaks TLS with the engine; null where the connection is plain.</summary>
    public EngineTlsOptions? Tls { get; set; }

    /// <summary>
    /// <c>auto</c>: what this service's own host shows of the engine's containers is read there, the rest asked of the
    /// engine. <c>off</c>: all is asked of the engine.
    /// </summary>
    public string HostSource { get; set; } = HostSourceAuto;

    public const string HostSourceAuto = "auto";
    public const string HostSourceOff = "off";

    /// <summary>How long a call that should answer at once may take.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>TLS with one engine: <c>Engines:N:Tls</c>. Files are PEM, and are read again for every new connection.</summary>
internal sealed class EngineTlsOptions
{
    /// <summary>Who may vouch for the engine: one certificate or several. The system's own authorities count only where this names their file.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>Who we are to the engine, with the certificates in between where there are some; null where it does not ask.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>The private key of <see cref="CertificateFile"/>, without a password.</summary>
    public string? KeyFile { get; set; }

    /// <summary>The files that <c>DOCKER_CERT_PATH</c> holds; the last two may be missing, as for the docker command.</summary>
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
            .WithMessage("a unix socket does not speak TLS.");
        RuleFor(o => o.Tls!).SetValidator(new EngineTlsOptionsValidator()).When(o => o.Tls is not null);
        RuleFor(o => o.CallTimeout).InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
    }
}

internal sealed class EngineTlsOptionsValidator : AbstractValidator<EngineTlsOptions>
{
    public EngineTlsOptionsValidator()
    {
        RuleFor(o => o.CaFile).NotEmpty().WithMessage("names the file with the certificate that may vouch for the engine; it is missing.");
        RuleFor(o => o.CertificateFile).NotEmpty().When(o => o.KeyFile is not null).WithMessage("is missing: a key is of no use without its certificate.");
        RuleFor(o => o.KeyFile).NotEmpty().When(o => o.CertificateFile is not null).WithMessage("is missing: a certificate is of no use without its key.");
    }
}
