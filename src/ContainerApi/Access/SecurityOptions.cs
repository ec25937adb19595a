using System.Text.RegularExpressions;
using FluentValidation;

namespace ContainerApi.Access;

/// <summary>Who may do what: the <c>Security</c> section.</summary>
internal sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <summary>Serve whoever comes without credentials, on every address.</summary>
    public bool AllowAnonymous { get; set; }

    /// <summary>Refuse every change, whoever asks.</summary>
    public bool ReadOnly { get; set; }

    /// <summary>Web pages that may call this service from a browser: <c>https://app.example.org</c>.</summary>
    public IReadOnlyList<string> CorsOrigins { get; set; } = [];

    /// <summary>
    /// Regular expressions of what is hidden in command lines and labels (<c>name=value</c>) from callers without
    /// <c>containers:secrets</c>: the group <c>secret</c>, or else the whole match. Null means the usual ones.
    /// </summary>
    public IReadOnlyList<string>? MaskPatterns { get; set; }

    public IReadOnlyList<ApiKeyOptions> ApiKeys { get; set; } = [];

    /// <summary>Tokens that somebody else issues; null where none are taken.</summary>
    public JwtOptions? Jwt { get; set; }

    /// <summary>Whether there are credentials by which a caller can be known.</summary>
    public bool HasCredentials => ApiKeys.Count > 0 || Jwt is not null;
}

/// <summary>A key by which a caller is known: <c>Security:ApiKeys:N</c>. The key itself is nowhere kept.</summary>
internal sealed class ApiKeyOptions
{
    /// <summary>Who it is, in logs and in the record of builds.</summary>
    public string Name { get; set; } = "";

    /// <summary><c>sha256:</c> and the 64 hex digits of the key's SHA-256.</summary>
    public string Hash { get; set; } = "";

    public IReadOnlyList<string> Scopes { get; set; } = [];

    /// <summary>Engines that it sees; none means all.</summary>
    public IReadOnlyList<string> Engines { get; set; } = [];

    /// <summary>Labels, <c>name</c> or <c>name=value</c>, all of which a container must have to exist for it; none means all containers.</summary>
    public IReadOnlyList<string> Labels { get; set; } = [];

    /// <summary>From when on it is refused; null where it does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }
}

/// <summary>Tokens (JWT bearer, RFC 7519) of one issuer: <c>Security:Jwt</c>.</summary>
internal sealed class JwtOptions
{
    /// <summary>The issuer's address, whose OpenID Connect discovery tells its keys; null where <see cref="PublicKeyFile"/> has the key.</summary>
    public string? Authority { get; set; }

    /// <summary>PEM of the RSA or EC public key that tokens are signed with.</summary>
    public string? PublicKeyFile { get; set; }

    /// <summary>What <c>iss</c> must be; the authority tells it where there is one.</summary>
    public string? Issuer { get; set; }

    /// <summary>What <c>aud</c> must hold.</summary>
    public string Audience { get; set; } = "";

    /// <summary>The claim that says who it is.</summary>
    public string NameClaim { get; set; } = "sub";
}

internal sealed partial class SecurityOptionsValidator : AbstractValidator<SecurityOptions>
{
    public SecurityOptionsValidator()
    {
        RuleForEach(o => o.CorsOrigins).Must(IsOrigin).WithMessage("'{PropertyValue}' is not an origin as https://app.example.org, without a path.");
        RuleForEach(o => o.MaskPatterns).Must(IsPattern).WithMessage("'{PropertyValue}' is not a regular expression.");
        RuleForEach(o => o.ApiKeys).SetValidator(new ApiKeyOptionsValidator());
        RuleFor(o => o.ApiKeys).Must(keys => keys.DistinctBy(k => k.Name).Count() == keys.Count).WithMessage("a name is given twice.");
        RuleFor(o => o.ApiKeys).Must(keys => keys.DistinctBy(k => k.Hash, StringComparer.OrdinalIgnoreCase).Count() == keys.Count).WithMessage("a hash is given twice.");
        RuleFor(o => o.Jwt!).SetValidator(new JwtOptionsValidator()).When(o => o.Jwt is not null);
    }

    private static bool IsOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == origin;

    private static bool IsPattern(string pattern)
    {
        try
        {
            _ = new Regex(pattern);
            return pattern.Length > 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private sealed partial class ApiKeyOptionsValidator : AbstractValidator<ApiKeyOptions>
    {
        public ApiKeyOptionsValidator()
        {
            RuleFor(k => k.Name).Matches(@"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}\z").WithMessage("'{PropertyValue}' is not a name: letters, digits, '_', '.', '@' and '-', 63 at most.");
            // The value is not told: who put the key itself here must not find it in the log.
            RuleFor(k => k.Hash).Must(h => h is not null && HashForm.IsMatch(h)).WithMessage("is not sha256: and 64 hex digits (printf %s \"$KEY\" | sha256sum).");
            RuleFor(k => k.Scopes).NotEmpty().WithMessage($"are missing; there are {string.Join(", ", Scopes.All)}.");
            RuleForEach(k => k.Scopes).Must(Scopes.All.Contains).WithMessage($"'{{PropertyValue}}' is not a scope; there are {string.Join(", ", Scopes.All)}.");
            RuleForEach(k => k.Engines).NotEmpty().WithMessage("must not be empty.");
            RuleForEach(k => k.Labels).Must(l => l.Length > 0 && l[0] != '=').WithMessage("'{PropertyValue}' must be name or name=value.");
        }

        [GeneratedRegex(@"^sha256:[0-9a-fA-F]{64}\z")]
        private static partial Regex HashForm { get; }
    }

    private sealed class JwtOptionsValidator : AbstractValidator<JwtOptions>
    {
        public JwtOptionsValidator()
        {
            RuleFor(j => j.Authority).Must(a => a is null || (Uri.TryCreate(a, UriKind.Absolute, out var uri) && uri.Scheme == "https"))
                .WithMessage("'{PropertyValue}' is not an https:// address.");
            RuleFor(j => j).Must(j => j.Authority is null != j.PublicKeyFile is null).OverridePropertyName("Authority").WithMessage("or PublicKeyFile must be given, and not both.");
            RuleFor(j => j.PublicKeyFile).Must(f => f is null || File.Exists(f)).WithMessage("there is no file '{PropertyValue}'.");
            RuleFor(j => j.Issuer).NotEmpty().When(j => j.PublicKeyFile is not null).WithMessage("is missing.");
            RuleFor(j => j.Audience).NotEmpty().WithMessage("is missing.");
            RuleFor(j => j.NameClaim).NotEmpty().WithMessage("must not be empty.");
        }
    }
}
