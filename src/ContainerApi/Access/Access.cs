using ContainerApi.Api.OpenApi;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace ContainerApi.Access;

/// <summary>The scope that an endpoint needs. One that says none is open to nobody; to be open to all it says <c>AllowAnonymous</c>.</summary>
internal sealed record RequiredScope(string? Scope) : IAuthorizationRequirement;

internal static class AccessExtensions
{
    /// <summary>Lets in who has <paramref name="scope"/>.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder
    {
        var needed = new RequiredScope(scope);
        builder.RequireAuthorization(new AuthorizationPolicyBuilder().AddRequirements(needed).Build());
        builder.WithMetadata(needed);
        if (builder is RouteHandlerBuilder route)
        {
            route.CanFailWith(ErrorCode.Unauthenticated, ErrorCode.Forbidden, ErrorCode.RateLimited);
        }

        return builder;
    }
}

/// <summary>Decides by the caller's scopes, and by the switch that refuses every change.</summary>
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
        // An address that does not exist, or not with this method, is nothing to be forbidden.
        ? http.GetEndpoint() is not RouteEndpoint
        : caller.Scopes.Contains(scope) && !(settings.Current.ReadOnly && Scopes.Changes(scope));
}

/// <summary>AuthenticationFailures are problems like all others.</summary>
internal sealed class AccessResults(SecuritySettings settings) : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult) =>
        authorizeResult.Succeeded ? next(context) : throw Refusal(context);

    private ApiException Refusal(HttpContext http)
    {
        AuthenticationFailures.ThrowIfTooMany(http);
        if (http.GetCaller() is not { } caller)
        {
            return new ApiException(ErrorCode.Unauthenticated, AuthenticationFailures.Were(http)
                ? "These credentials are not valid."
                : $"This needs an API key: Authorization: Bearer KEY, or {ApiKeys.Header}: KEY.");
        }

        var scope = http.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>()?.Scope;
        return new ApiException(ErrorCode.Forbidden,
            scope is null ? "Nobody may call this."
            : caller.Scopes.Contains(scope) && settings.Current.ReadOnly ? "This service changes nothing: it is set to read only."
            : $"This needs the scope {scope}, which {caller.Name ?? "the caller"} has not.");
    }
}
