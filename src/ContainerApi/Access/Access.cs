using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace ContainerApi.Access;

/// <summary>The scope that an endpoint requires. Without one the endpoint is disabled, unless it has <c>AllowAnonymous</c>.</summary>
internal sealed record RequiredScope(string? Scope) : IAuthorizationRequirement;

internal static class AccessExtensions
{
    /// <summary>Requires <paramref name="scope"/> for an endpoint or a group of endpoints, and documents the errors of authorization.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder
    {
        var required = new RequiredScope(scope);
        return builder.RequireAuthorization(new AuthorizationPolicyBuilder().AddRequirements(required).Build())
            .WithMetadata(required, new ErrorCodes(ErrorCode.Unauthenticated, ErrorCode.Forbidden, ErrorCode.RateLimited));
    }
}

/// <summary>Authorizes by the caller's scopes and by <c>Security:ReadOnly</c>.</summary>
internal sealed class AccessHandler(SecuritySettings settings) : AuthorizationHandler<RequiredScope>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, RequiredScope requirement)
    {
        if (context.Resource is HttpContext http && http.GetCaller() is { } caller && IsAllowed(http, caller, requirement.Scope))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    private bool IsAllowed(HttpContext http, Caller caller, string? scope) => scope is null
        // Routing answers 404 or 405 for an unknown path or method.
        ? http.GetEndpoint() is not RouteEndpoint
        : caller.Scopes.Contains(scope) && !(settings.Current.ReadOnly && Scopes.Changes(scope));
}

/// <summary>Answers failed authorization with problem details.</summary>
internal sealed class AccessResults(SecuritySettings settings) : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult) =>
        authorizeResult.Succeeded ? next(context) : throw Refusal(context);

    private ApiException Refusal(HttpContext http)
    {
        AuthenticationFailures.ThrowIfTooMany(http);
        if (http.GetCaller() is not { } caller)
        {
            return AuthenticationFailures.Has(http)
                ? new ApiException(ErrorCode.Unauthenticated, "These credentials are not valid.") { Challenge = BearerChallenge.InvalidToken }
                : new ApiException(
                    ErrorCode.Unauthenticated, $"Authentication required. Send an API key: Authorization: Bearer KEY, or {ApiHeaders.ApiKey}: KEY.")
                {
                    Challenge = BearerChallenge.Required,
                };
        }

        var scope = http.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>()?.Scope;
        return scope is null ? new ApiException(ErrorCode.Forbidden, "This endpoint is disabled.")
            : caller.Scopes.Contains(scope) && settings.Current.ReadOnly
            ? new ApiException(ErrorCode.Forbidden, "This service is read-only (Security:ReadOnly).")
            : Caller.MissingScope(scope);
    }
}
