using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ContainerApi.Access;

/// <summary>Authentication by an API key or a token of the configured issuer.</summary>
internal static class Credentials
{
    private const string EitherScheme = "Credentials";
    private const string Bearer = "Bearer";

    public static void AddCredentials(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        // Not AddAuthentication and AddJwtBearer: they also register data protection, which creates and stores keys. Nothing here uses them.
        services.AddAuthenticationCore(options => options.DefaultScheme = EitherScheme);
        services.AddWebEncoders();
        new AuthenticationBuilder(services)
            .AddPolicyScheme(EitherScheme, null, either => either.ForwardDefaultSelector = SchemeFor)
            .AddScheme<AuthenticationSchemeOptions, ApiKeys>(ApiKeys.SchemeName, null)
            .AddScheme<JwtBearerOptions, JwtBearerHandler>(JwtBearerDefaults.AuthenticationScheme, null);
        services.AddSingleton<IPostConfigureOptions<JwtBearerOptions>, JwtBearerPostConfigureOptions>();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<SecurityOptions>((bearer, security) =>
        {
            if (security.Jwt is { } jwt)
            {
                Configure(bearer, jwt);
            }
        });
    }

    /// <summary>Returns the different credentials of a request.</summary>
    public static IReadOnlyList<string> Of(HttpRequest request) =>
    [
        .. request.Headers[ApiHeaders.ApiKey].Where(key => !string.IsNullOrEmpty(key)).Select(key => key!)
            .Concat(request.Headers.Authorization
                .Where(a => a?.TrimStart().Split([' ', '\t'], 2)[0].Equals(Bearer, StringComparison.OrdinalIgnoreCase) == true)
                .Select(a => a!.Trim()[Bearer.Length..].Trim()))
            .Distinct(),
    ];

    private static string SchemeFor(HttpContext http)
    {
        var takesTokens = http.RequestServices.GetRequiredService<SecurityOptions>().Jwt is not null;
        return takesTokens && http.Request.Headers[ApiHeaders.ApiKey].Count == 0 && Of(http.Request) is [var only] && IsToken(only)
            ? JwtBearerDefaults.AuthenticationScheme
            : ApiKeys.SchemeName;
    }

    /// <summary>A JWT has three parts with dots between them.</summary>
    private static bool IsToken(string credentials) => credentials.Count(c => c == '.') == 2;

    private static void Configure(JwtBearerOptions bearer, JwtOptions jwt)
    {
        // Keep the claim names of the token.
        bearer.MapInboundClaims = false;
        bearer.Authority = jwt.Authority;
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidAudience = jwt.Audience,
            ValidIssuer = jwt.Issuer,
            IssuerSigningKey = jwt.PublicKeyFile is { } file ? ReadKey(file) : null,
            NameClaimType = jwt.NameClaim,
            RequireExpirationTime = true,
            // Asymmetric algorithms only: a public key must not be accepted as an HMAC secret.
            ValidAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
            ClockSkew = TimeSpan.FromSeconds(30),
        };
        bearer.Events = new JwtBearerEvents
        {
            OnTokenValidated = validated =>
            {
                if (TokenCaller.Read((JsonWebToken)validated.SecurityToken, jwt.NameClaim) is { } caller)
                {
                    validated.HttpContext.Features.Set(caller);
                    return Task.CompletedTask;
                }

                const string reason = "the token's claims are not valid";
                validated.HttpContext.RequestServices.GetRequiredService<AuthenticationFailures>().Report(validated.HttpContext, reason);
                validated.Fail(reason);
                return Task.CompletedTask;
            },
            OnAuthenticationFailed = failed =>
            {
                var http = failed.HttpContext;
                http.RequestServices.GetRequiredService<AuthenticationFailures>().Report(http, ReasonOf(failed.Exception));
                return Task.CompletedTask;
            },
        };
    }

    /// <summary>The exception's message may contain parts of the token.</summary>
    private static string ReasonOf(Exception failure) => failure switch
    {
        SecurityTokenExpiredException => "the token has expired",
        SecurityTokenNotYetValidException => "the token is not valid yet",
        SecurityTokenInvalidIssuerException => "the token has another issuer",
        SecurityTokenInvalidAudienceException => "the token has another audience",
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
