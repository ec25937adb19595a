using System.Net;
using ContainerApi.Tls;

namespace ContainerApi.Cluster;

/// <summary>The <c>Cluster</c> section: the other replicas of this service. Without it there are none.</summary>
internal sealed class ClusterOptions
{
    public const string Section = "Cluster";

    /// <summary>A name that resolves to the addresses of all replicas; null without one.</summary>
    public string? Dns { get; set; }

    /// <summary>Addresses of replicas: <c>https://host:port</c>. The own address may be among them.</summary>
    public IReadOnlyList<string> Peers { get; set; } = [];

    /// <summary>Where this replica serves the others. The port is also that of the addresses of <see cref="Dns"/>.</summary>
    public string Listen { get; set; } = "https://0.0.0.0:8443";

    /// <summary>The authority of the certificates of all replicas.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>The certificate of this replica, for its server and for its calls.</summary>
    public string CertificateFile { get; set; } = "";

    public string KeyFile { get; set; } = "";

    /// <summary>How much longer than without it a list takes because of a replica that does not answer.</summary>
    public TimeSpan ListTimeout { get; set; } = TimeSpan.FromMilliseconds(300);

    public bool IsEnabled => !string.IsNullOrEmpty(Dns) || Peers.Count > 0;

    public IPEndPoint ListenEndpoint => EndpointOf(Listen)!;

    public TlsFiles Files => new(CaFile, CertificateFile, KeyFile);

    /// <summary>Returns the address and port of <c>https://ADDRESS:PORT</c>; null for another text.</summary>
    public static IPEndPoint? EndpointOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "https", PathAndQuery: "/" }
        && IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && uri.Port > 0
            ? new IPEndPoint(address, uri.Port)
            : null;
}

internal sealed class ClusterOptionsValidator : AbstractValidator<ClusterOptions>
{
    public ClusterOptionsValidator()
        : this(readsFiles: true)
    {
    }

    /// <param name="readsFiles">Whether the certificates are validated, too.</param>
    public ClusterOptionsValidator(bool readsFiles)
    {
        RuleFor(o => o.Dns).Must(n => string.IsNullOrEmpty(n) || Uri.CheckHostName(n) == UriHostNameType.Dns)
            .WithMessage("'{PropertyValue}' is not a host name.");
        RuleForEach(o => o.Peers).Must(IsAddress).WithMessage("'{PropertyValue}' is not an address of a replica: https://host:port.");
        RuleFor(o => o.Listen).Must(l => ClusterOptions.EndpointOf(l) is not null)
            .WithMessage("'{PropertyValue}' is not an address to listen on: https://ADDRESS:PORT, as https://0.0.0.0:8443.");
        RuleFor(o => o.ListTimeout).InclusiveBetween(TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1))
            .WithMessage("must be from 00:00:00.010 to 00:01:00.");
        RuleFor(o => o).Must(o => o is { CaFile: "", CertificateFile: "", KeyFile: "" }).When(o => !o.IsEnabled).OverridePropertyName("Peers")
            .WithMessage("or Dns is missing: certificates have no use without other replicas.");
        When(o => o.IsEnabled, () =>
        {
            RuleFor(o => o.CaFile).NotEmpty().WithMessage(Missing);
            RuleFor(o => o.CertificateFile).NotEmpty().WithMessage(Missing);
            RuleFor(o => o.KeyFile).NotEmpty().WithMessage(Missing);
            RuleFor(o => o).Custom((options, context) =>
            {
                if (readsFiles && options is { CaFile: not "", CertificateFile: not "", KeyFile: not "" } && FaultOf(options.Files) is { } fault)
                {
                    context.AddFailure("CertificateFile", fault);
                }
            });
        });
    }

    private const string Missing = "is missing: replicas know each other by certificates (scripts/cluster-certificates DIR makes them).";

    private static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "https", PathAndQuery: "/", UserInfo: "", Fragment: "" };

    /// <summary>Reports files that cannot be used at startup and not with the first connection.</summary>
    private static string? FaultOf(TlsFiles files)
    {
        try
        {
            var own = CertificateFiles.ReadOnce(files).Own!.TargetCertificate;
            return own.MatchesHostname(PeerTransport.CertificateName, allowWildcards: false, allowCommonName: false)
                ? null
                : $"the certificate is not for the name {PeerTransport.CertificateName}.";
        }
        catch (CertificateFileException e)
        {
            return e.Message + ".";
        }
    }
}
