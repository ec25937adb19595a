using System.Security.Claims;

namespace ContainerApi.Access;

/// <summary>The identity of a request: what it may do and see.</summary>
internal sealed record Caller
{
    /// <summary>Claims of keys and tokens. Each may be repeated.</summary>
    public const string ScopeClaim = "scope";
    public const string EngineClaim = "containerapi_engines";
    public const string LabelClaim = "containerapi_labels";

    /// <summary>The caller of a request without credentials, where none are required.</summary>
    public static readonly Caller Anonymous = new() { Name = null, Scopes = new HashSet<string>(Access.Scopes.All) };

    /// <summary>Null for an anonymous caller.</summary>
    public required string? Name { get; init; }

    public required IReadOnlySet<string> Scopes { get; init; }

    public Visibility Visibility { get; init; } = Visibility.All;

    public bool SeesSecrets => Scopes.Contains(Access.Scopes.ContainersSecrets);

    /// <summary>Equal for callers who see the same values, so that they may share an answer.</summary>
    public string View => $"{Visibility.Key};{(SeesSecrets ? "all" : "redacted")}";

    /// <exception cref="ApiException">The caller lacks this scope, which a part of the request requires in addition to the endpoint's.</exception>
    public void Require(string scope)
    {
        if (!Scopes.Contains(scope))
        {
            throw new ApiException(ErrorCode.Forbidden, $"Missing scope: {scope}.");
        }
    }

    public static Caller From(ClaimsPrincipal user) => new()
    {
        Name = user.Identity?.Name,
        Scopes = new HashSet<string>(user.FindAll(ScopeClaim).SelectMany(c => c.Value.Split(' '))),
        Visibility = new(
            [.. user.FindAll(EngineClaim).Select(c => c.Value)], [.. user.FindAll(LabelClaim).Select(c => c.Value)], user.Identity?.Name),
    };
}

internal static class CallerExtensions
{
    /// <summary>Returns the caller; null for invalid credentials, or none where they are required.</summary>
    public static Caller? GetCaller(this HttpContext http)
    {
        if (http.User.Identity is { IsAuthenticated: true })
        {
            return http.Features.Get<Caller>() ?? Store(http, Caller.From(http.User));
        }

        // Invalid credentials do not make an anonymous caller.
        return !AuthenticationFailures.Has(http) && http.RequestServices.GetRequiredService<SecuritySettings>().ServesAnonymous
            ? Caller.Anonymous
            : null;
    }

    private static Caller Store(HttpContext http, Caller caller)
    {
        http.Features.Set(caller);
        return caller;
    }
}
