namespace ContainerApi.Access;

/// <summary>The <c>Security</c> section.</summary>
internal sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <summary>Bytes of <see cref="CursorKey"/>.</summary>
    public const int CursorKeyLength = 32;

    /// <summary>Serves callers without credentials on every address.</summary>
    public bool AllowAnonymous { get; set; }

    /// <summary>Refuses every change.</summary>
    public bool ReadOnly { get; set; }

    /// <summary>Serves the web page.</summary>
    public bool Page { get; set; } = true;

    /// <summary>Origins of web pages that may call this service: <c>https://app.example.org</c>.</summary>
    public IReadOnlyList<string> CorsOrigins { get; set; } = [];

    /// <summary>
    /// Regular expressions of secrets in command lines and labels (<c>name=value</c>), redacted for callers without
    /// <c>containers:secrets</c>: the group <c>secret</c>, or else the whole match. Null for the default patterns.
    /// </summary>
    public IReadOnlyList<string>? MaskPatterns { get; set; }

    /// <summary>The key of the cursors: 32 bytes in base64. Null for a key that is made at startup, which ends all cursors.</summary>
    public string? CursorKey { get; set; }

    public IReadOnlyList<ApiKeyOptions> ApiKeys { get; set; } = [];

    /// <summary>Tokens of another issuer; null to accept none.</summary>
    public JwtOptions? Jwt { get; set; }

    /// <summary>Whether any credentials are configured.</summary>
    public bool HasCredentials => ApiKeys.Count > 0 || Jwt is not null;

    internal Redactor Redactor => field ??= new Redactor(MaskPatterns ?? Redactor.DefaultPatterns);
}

/// <summary>An API key: <c>Security:ApiKeys:N</c>. Only its hash is stored.</summary>
internal sealed class ApiKeyOptions
{
    /// <summary>The caller's name in logs and in the build history.</summary>
    public string Name { get; set; } = "";

    /// <summary><c>sha256:</c> and the 64 hex digits of the key's SHA-256.</summary>
    public string Hash { get; set; } = "";

    internal byte[] HashBytes => field ??= Convert.FromHexString(Hash.AsSpan("sha256:".Length));

    public IReadOnlyList<string> Scopes { get; set; } = [];

    /// <summary>Visible engines; empty for all.</summary>
    public IReadOnlyList<string> Engines { get; set; } = [];

    /// <summary>Labels, <c>name</c> or <c>name=value</c>, all of which visible containers have; empty for all containers.</summary>
    public IReadOnlyList<string> Labels { get; set; } = [];

    /// <summary>When the key expires; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }
}

/// <summary>Tokens (JWT bearer, RFC 7519) of one issuer: <c>Security:Jwt</c>.</summary>
internal sealed class JwtOptions
{
    /// <summary>The issuer's address with OpenID Connect discovery; null with <see cref="PublicKeyFile"/>.</summary>
    public string? Authority { get; set; }

    /// <summary>PEM of the RSA or EC public key that tokens are signed with.</summary>
    public string? PublicKeyFile { get; set; }

    /// <summary>The required <c>iss</c>; by default that of the authority.</summary>
    public string? Issuer { get; set; }

    /// <summary>The required <c>aud</c>.</summary>
    public string Audience { get; set; } = "";

    /// <summary>The claim with the caller's name.</summary>
    public string NameClaim { get; set; } = "sub";
}

internal sealed partial class SecurityOptionsValidator : AbstractValidator<SecurityOptions>
{
    public SecurityOptionsValidator()
    {
        RuleForEach(o => o.CorsOrigins).Must(IsOrigin).WithMessage("'{PropertyValue}' is not an origin as https://app.example.org, without a path.");
        RuleForEach(o => o.MaskPatterns).Must(IsPattern).WithMessage(
            "'{PropertyValue}' is not a regular expression that is matched in linear time: "
            + "lookarounds, backreferences and atomic groups are not supported.");
        // The message does not repeat the value.
        RuleFor(o => o.CursorKey).Must(k => k is null || IsKey(k))
            .WithMessage($"is not base64 of {SecurityOptions.CursorKeyLength} bytes (openssl rand -base64 {SecurityOptions.CursorKeyLength}).");
        RuleForEach(o => o.ApiKeys).SetValidator(new ApiKeyOptionsValidator());
        RuleFor(o => o.ApiKeys).Must(keys => keys.DistinctBy(k => k.Name).Count() == keys.Count).WithMessage("must have different names.");
        RuleFor(o => o.ApiKeys).Must(keys => keys.DistinctBy(k => k.Hash, StringComparer.OrdinalIgnoreCase).Count() == keys.Count)
            .WithMessage("must have different hashes.");
        RuleFor(o => o.Jwt!).SetValidator(new JwtOptionsValidator()).When(o => o.Jwt is not null);
    }

    private static bool IsOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == origin;

    private static bool IsKey(string text) =>
        Convert.TryFromBase64String(text, new byte[text.Length], out var length) && length == SecurityOptions.CursorKeyLength;

    private static bool IsPattern(string pattern)
    {
        try
        {
            _ = Redactor.Create(pattern);
            return pattern.Length > 0;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    private sealed partial class ApiKeyOptionsValidator : AbstractValidator<ApiKeyOptions>
    {
        public ApiKeyOptionsValidator()
        {
            RuleFor(k => k.Name).Matches(@"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}\z")
                .WithMessage("'{PropertyValue}' is not a name: letters, digits, '_', '.', '@' and '-', 63 at most.");
            // The message does not repeat the value, which may be the key itself.
            RuleFor(k => k.Hash).Must(h => h is not null && HashForm.IsMatch(h))
                .WithMessage("is not sha256: and 64 hex digits (printf %s \"$KEY\" | sha256sum).");
            RuleFor(k => k.Scopes).NotEmpty().WithMessage($"are missing; there are {string.Join(", ", Scopes.All)}.");
            RuleForEach(k => k.Scopes).Must(Scopes.All.Contains)
                .WithMessage($"'{{PropertyValue}}' is not a scope; there are {string.Join(", ", Scopes.All)}.");
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
            RuleFor(j => j).Must(j => j.Authority is null != j.PublicKeyFile is null).OverridePropertyName("Authority")
                .WithMessage("or PublicKeyFile must be given, and not both.");
            RuleFor(j => j.PublicKeyFile).Must(f => f is null || File.Exists(f)).WithMessage("there is no file '{PropertyValue}'.");
            RuleFor(j => j.Issuer).NotEmpty().When(j => j.PublicKeyFile is not null).WithMessage("is missing.");
            RuleFor(j => j.Audience).NotEmpty().WithMessage("is missing.");
            RuleFor(j => j.NameClaim).NotEmpty().WithMessage("must not be empty.");
        }
    }
}
