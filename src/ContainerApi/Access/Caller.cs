using System.Security.Claims;

namespace ContainerApi.Access;

/// <summary>Who asks, and what they may do and see.</summary>
internal sealed record Caller
{
    /// <summary>The claims by which keys and tokens say what somebody may do, each repeated.</summary>
    public const string ScopeClaim = "scope";
    public const string EngineClaim = "containerapi_engines";
    public const string LabelClaim = "containerapi_labels";

    /// <summary>Whoever asks without credentials, where none are needed.</summary>
    public static readonly Caller Anonymous = new() { Name = null, Scopes = new HashSet<string>(Access.Scopes.All) };

    /// <summary>Null for who is not known.</summary>
    public required string? Name { get; init; }

    public required IReadOnlySet<string> Scopes { get; init; }

    public Visibility Visibility { get; init; } = Visibility.All;

    public bool SeesSecrets => Scopes.Contains(Access.Scopes.ContainersSecrets);

    /// <summary>Equal for callers who see the same, so that they may share an answer.</summary>
    public string View => $"{Visibility.Key};{(SeesSecrets ? "all" : "redacted")}";

    /// <exception cref="ApiException">The caller has not this scope, which a part of the request needs beside the endpoint's own.</exception>
    public void Demand(string scope)
    {
        if (!Scopes.Contains(scope))
        {
            throw new ApiException(ErrorCode.Forbidden, $"This needs the scope {scope}, too, which {Name ?? "the caller"} has not.");
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
    /// <summary>Who asks; null where that is not known and must be.</summary>
    public static Caller? GetCaller(this HttpContext http)
    {
        if (http.User.Identity is { IsAuthenticated: true })
        {
            return http.Features.Get<Caller>() ?? Keep(http, Caller.From(http.User));
        }

        // Bad credentials are not none.
        return AuthenticationFailures.Were(http) || !http.RequestServices.GetRequiredService<SecuritySettings>().ServesAnonymous ? null : Caller.Anonymous;
    }

    private static Caller Keep(HttpContext http, Caller caller)
    {
        http.Features.Set(caller);
        return caller;
    }
}
