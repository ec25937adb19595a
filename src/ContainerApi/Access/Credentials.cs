using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;

namespace ContainerApi.Access;

/// <summary>How a request shows who it comes from: an API key, or a token of the configured issuer.</summary>
internal static class Credentials
{
    private const string EitherScheme = "Credentials";
    private const string Bearer = "Bearer ";

    public static void AddCredentials(this WebApplicationBuilder builder)
    {
        builder.Services.AddAuthentication(EitherScheme)
            .AddPolicyScheme(EitherScheme, null, either => either.ForwardDefaultSelector = SchemeFor)
            .AddScheme<AuthenticationSchemeOptions, ApiKeys>(ApiKeys.SchemeName, null)
            .AddJwtBearer();
        builder.Services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<SecurityOptions>((bearer, security) =>
        {
            if (security.Jwt is { } jwt)
            {
                Configure(bearer, jwt);
            }
        });
        // Nothing here is encrypted for a later request, as cookies are: no keys for that are to be made and kept.
        builder.Services.Remove(builder.Services.Single(s => s.ImplementationType?.Name == "DataProtectionHostedService"));
    }

    /// <summary>What a request shows; null where it shows nothing.</summary>
    public static string? Of(HttpRequest request) =>
        request.Headers[ApiKeys.Header].FirstOrDefault() is { Length: > 0 } key ? key
        : request.Headers.Authorization.FirstOrDefault() is { } authorization && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? authorization[Bearer.Length..].Trim()
            : null;

    private static string SchemeFor(HttpContext http)
    {
        var takesTokens = http.RequestServices.GetRequiredService<SecurityOptions>().Jwt is not null;
        return takesTokens && http.Request.Headers[ApiKeys.Header].Count == 0 && IsToken(Of(http.Request))
            ? JwtBearerDefaults.AuthenticationScheme
            : ApiKeys.SchemeName;
    }

    /// <summary>Three parts with dots between them; no key of ours has to look so.</summary>
    private static bool IsToken(string? shown) => shown?.Count(c => c == '.') == 2;

    private static void Configure(JwtBearerOptions bearer, JwtOptions jwt)
    {
        // Claims keep the names that the token gives them.
        bearer.MapInboundClaims = false;
        bearer.Authority = jwt.Authority;
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidAudience = jwt.Audience,
            ValidIssuer = jwt.Issuer,
            IssuerSigningKey = jwt.PublicKeyFile is { } file ? ReadKey(file) : null,
            NameClaimType = jwt.NameClaim,
            RequireExpirationTime = true,
            // A public key must never be taken for a shared secret.
            ValidAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
            ClockSkew = TimeSpan.FromSeconds(30),
        };
        bearer.Events = new JwtBearerEvents
        {
            OnAuthenticationFailed = failed =>
            {
                failed.HttpContext.RequestServices.GetRequiredService<AuthenticationFailures>().Tell(failed.HttpContext, ReasonOf(failed.Exception));
                return Task.CompletedTask;
            },
        };
    }

    /// <summary>Without the token, parts of which the exception's message may hold.</summary>
    private static string ReasonOf(Exception failure) => failure switch
    {
        SecurityTokenExpiredException => "the token has expired",
        SecurityTokenNotYetValidException => "the token is not valid yet",
        SecurityTokenInvalidIssuerException => "the token is of another issuer",
        SecurityTokenInvalidAudienceException => "the token is for another audience",
        SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException => "the token's signature is not valid",
        _ => "the token is not valid",
    };

    private static AsymmetricSecurityKey ReadKey(string file)
    {
        var pem = File.ReadAllText(file);
        try
        {
            var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return new RsaSecurityKey(rsa);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            var curve = ECDsa.Create();
            curve.ImportFromPem(pem);
            return new ECDsaSecurityKey(curve);
        }
    }
}
