using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace ContainerApi.Access;

/// <summary>Authenticates callers by an API key, sent as <c>Authorization: Bearer …</c> or <c>X-Api-Key: …</c>.</summary>
internal sealed class ApiKeys(
    SecuritySettings settings, AuthenticationFailures failures, TimeProvider time,
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";

    /// <summary>Bounds the work of hashing an unauthenticated header.</summary>
    private const int MaxKeyLength = 512;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Credentials.Of(Request) switch
    {
        [] => AuthenticateResult.NoResult(),
        [var key] => Authenticate(key),
        // Different credentials are different callers, or one of them is invalid.
        _ => Refuse("the request has several credentials"),
    });

    private AuthenticateResult Authenticate(string key)
    {
        if (Find(key) is not { } known)
        {
            return Refuse("unknown key");
        }

        if (known.ExpiresAt <= time.GetUtcNow())
        {
            return Refuse($"the key of {known.Name} has expired");
        }

        var owner = "key:" + known.Name;
        Context.Features.Set(known);
        Context.Features.Set(new Caller
        {
            Owner = owner,
            Scopes = known.Scopes.ToHashSet(),
            Visibility = new(NullIfEmpty(known.Engines), NullIfEmpty(known.Labels), owner),
        });
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, known.Name)], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(
            new ClaimsPrincipal(identity), new AuthenticationProperties { ExpiresUtc = known.ExpiresAt }, SchemeName));
    }

    /// <summary>An omitted list in the configuration is an empty one, and means all.</summary>
    private static IReadOnlyList<string>? NullIfEmpty(IReadOnlyList<string> names) => names.Count > 0 ? names : null;

    /// <summary>Compares with every key in constant time, so that the duration reveals nothing.</summary>
    private ApiKeyOptions? Find(string key)
    {
        if (key.Length > MaxKeyLength)
        {
            return null;
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        return settings.Current.ApiKeys.Where(k => CryptographicOperations.FixedTimeEquals(hash, k.HashBytes)).ToList() is [var found] ? found : null;
    }

    private AuthenticateResult Refuse(string reason)
    {
        failures.Report(Context, reason);
        return AuthenticateResult.Fail(reason);
    }
}
