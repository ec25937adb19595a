using System.Text.Json;
using FluentValidation.Results;

namespace ContainerApi.Api;

internal static class ValidationFailures
{
    /// <summary>Refuses what a validator found, as <see cref="RequestFilter{T}"/> does, where the input is read by the handler itself.</summary>
    /// <exception cref="ApiException">There is a failure.</exception>
    public static void ThrowIfAny(this ValidationResult result)
    {
        if (result.IsValid)
        {
            return;
        }

        var errors = result.Errors
            .GroupBy(e => JsonNamingPolicy.CamelCase.ConvertName(e.PropertyName))
            .ToDictionary(field => field.Key, field => field.Select(e => e.ErrorMessage).ToArray());
        var code = ErrorCode.Find(result.Errors[0].ErrorCode) ?? ErrorCode.InvalidRequest;
        throw new ApiException(code, string.Join(" ", errors.Select(e => $"{e.Key} {e.Value[0]}")), errors);
    }
}
