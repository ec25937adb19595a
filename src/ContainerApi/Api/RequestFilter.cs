using System.Reflection;
using System.Text.Json;
using ContainerApi.Api.OpenApi;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Api;

/// <summary>
/// Refuses query parameters that <typeparamref name="T"/> does not have, then runs its validator. <typeparamref name="T"/> is a
/// record bound with <c>[AsParameters]</c> or from a JSON body.
/// </summary>
/// <remarks>
/// Parameters are bound as text and validated here, so that all invalid values are reported at once, by name, with what is
/// allowed. A rule's <c>WithErrorCode</c> may name an <see cref="ErrorCode"/>; the problem has the one of the first failure.
/// </remarks>
internal sealed class RequestFilter<T>(IValidator<T> validator) : IEndpointFilter
    where T : class
{
    private static readonly IReadOnlyList<string> QueryNames =
    [
        .. typeof(T).GetProperties()
            .Where(p => p.GetCustomAttribute<FromRouteAttribute>() is null && p.GetCustomAttribute<FromHeaderAttribute>() is null)
            // What several records have in common comes first.
            .OrderBy(p => p.DeclaringType == typeof(T))
            .Select(p => p.GetCustomAttribute<FromQueryAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(p.Name)),
    ];

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.Arguments.OfType<T>().First();
        var errors = new Dictionary<string, string[]>();
        var isBody = context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<BodyOf>()?.Type == typeof(T);
        var known = isBody ? [] : QueryNames;
        foreach (var name in context.HttpContext.Request.Query.Keys.Where(k => !known.Contains(k, StringComparer.OrdinalIgnoreCase)))
        {
            errors[name] = [known.Count == 0 ? "is not a parameter: this address has none." : $"is not a parameter; allowed are {string.Join(", ", known)}."];
        }

        var result = await validator.ValidateAsync(request, context.HttpContext.RequestAborted);
        foreach (var field in result.Errors.GroupBy(e => JsonNamingPolicy.CamelCase.ConvertName(e.PropertyName)))
        {
            errors[field.Key] = [.. field.Select(e => e.ErrorMessage)];
        }

        if (errors.Count == 0)
        {
            return await next(context);
        }

        var code = ErrorCode.Find(result.Errors.FirstOrDefault()?.ErrorCode) ?? ErrorCode.InvalidRequest;
        throw new ApiException(code, string.Join(" ", errors.Select(e => $"{e.Key} {e.Value[0]}")), errors);
    }
}

/// <summary>Says that an endpoint takes <paramref name="Type"/> as its body, so that its query may hold nothing.</summary>
internal sealed record BodyOf(Type Type);

internal static class RequestFilterExtensions
{
    /// <summary>Validates the query parameters of an endpoint.</summary>
    public static RouteHandlerBuilder ValidateQuery<T>(this RouteHandlerBuilder builder) where T : class =>
        builder.AddEndpointFilter<RequestFilter<T>>().CanFailWith(ErrorCode.InvalidRequest);

    /// <summary>Validates the JSON body of an endpoint.</summary>
    public static RouteHandlerBuilder ValidateBody<T>(this RouteHandlerBuilder builder) where T : class =>
        builder.WithMetadata(new BodyOf(typeof(T))).ValidateQuery<T>().CanFailWith(ErrorCode.RequestTooLarge, ErrorCode.UnsupportedMediaType);
}
