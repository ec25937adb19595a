using Microsoft.AspNetCore.Authentication;

namespace ContainerApi.Access;

/// <summary>The identity of a request: what it may do and see.</summary>
internal sealed record Caller
{
    /// <summary>The caller of a request without credentials, where none are required.</summary>
    public static readonly Caller Anonymous = new() { Owner = null, Scopes = new HashSet<string>(Access.Scopes.All) };

    /// <summary><c>key:NAME</c> or <c>jwt:ISSUER:SUBJECT</c>; null for an anonymous caller. A key and a token never have the same owner.</summary>
    public required string? Owner { get; init; }

    public required IReadOnlySet<string> Scopes { get; init; }

    public Visibility Visibility { get; init; } = Visibility.All;

    public bool SeesSecrets => Scopes.Contains(Access.Scopes.ContainersSecrets);

    /// <summary>Equal for callers who see the same values, so that they may share an answer.</summary>
    public CallerView View => new(Visibility.Key, SeesSecrets);

    public static ApiException MissingScope(string scope) =>
        new(ErrorCode.Forbidden, $"Missing scope: {scope}.") { Challenge = BearerChallenge.InsufficientScope(scope) };

    /// <exception cref="ApiException">The caller lacks this scope, which a part of the request requires in addition to the endpoint's.</exception>
    public void Require(string scope)
    {
        if (!Scopes.Contains(scope))
        {
            throw MissingScope(scope);
        }
    }
}

/// <param name="Visibility">The key of the caller's visibility.</param>
internal sealed record CallerView(string Visibility, bool SeesSecrets);

internal static class CallerExtensions
{
    /// <summary>Returns the caller; null for invalid credentials, or none where they are required.</summary>
    public static Caller? GetCaller(this HttpContext http)
    {
        if (http.User.Identity is { IsAuthenticated: true })
        {
            return http.Features.Get<Caller>() ?? throw new InvalidOperationException("Authentication did not set the caller.");
        }

        // Invalid credentials do not make an anonymous caller.
        return !AuthenticationFailures.Has(http) && http.RequestServices.GetRequiredService<SecuritySettings>().ServesAnonymous
            ? Caller.Anonymous
            : null;
    }

    /// <summary>Returns the client that rates, streams and turns are counted for: the owner, or the address of an anonymous caller.</summary>
    public static string GetClient(this HttpContext http) => http.GetCaller()?.Owner ?? "address:" + http.Connection.RemoteIpAddress;

    /// <summary>Returns when the credentials of the request expire; null for never.</summary>
    public static DateTimeOffset? GetExpiry(this HttpContext http) =>
        // Authentication properties have whole seconds.
        http.Features.Get<ApiKeyOptions>()?.ExpiresAt ?? http.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.ExpiresUtc;
}
