using System.Buffers.Text;
using System.Text.Json;

namespace ContainerApi.Api;

/// <summary>Credentials in the headers that Docker's own clients send: JSON in base64url.</summary>
internal static class RegistryAuthHeader
{
    /// <summary>Credentials for one registry.</summary>
    public const string Name = "X-Registry-Auth";

    /// <summary>Members of Docker's that we have no use for (<c>email</c>, <c>auth</c>) are skipped.</summary>
    private static readonly JsonSerializerOptions Lenient = new(JsonSerializerDefaults.Web);

    private static readonly RegistryAuthRequestValidator Validator = new();

    /// <exception cref="FormatException">It is not base64.</exception>
    /// <exception cref="JsonException">It is not such JSON.</exception>
    public static T Read<T>(string header) =>
        JsonSerializer.Deserialize<T>(Base64Url.DecodeFromChars(header.Trim().Replace('+', '-').Replace('/', '_').AsSpan().TrimEnd('=')), Lenient)
        ?? throw new JsonException();

    /// <summary>The credentials of a request whose body may have them as well; null where neither has. Docker's clients send empty ones for
    /// none.</summary>
    /// <exception cref="ApiException">The header is none, lacks a part, or is there beside the body's.</exception>
    public static RegistryAuthRequest? Of(HttpRequest request, RegistryAuthRequest? inBody)
    {
        if (request.Headers[Name].ToString() is not { Length: > 0 } header)
        {
            return inBody;
        }

        try
        {
            var found = Read<RegistryAuthRequest>(header);
            return found is { Username: null or "", Password: null or "" } ? inBody
                : inBody is not null ? throw Refused($"is in the body and in the header {Name}; it must be in one of them.")
                : Validator.Validate(found) is { IsValid: false } result ? throw Refused($"in the header {Name}: {result.Errors[0].PropertyName} {result.Errors[0].ErrorMessage}")
                : found;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw Refused($"in the header {Name} must be JSON in base64url.");
        }
    }

    private static ApiException Refused(string message) =>
        new(ErrorCode.InvalidRequest, "registryAuth " + message, new Dictionary<string, string[]> { ["registryAuth"] = [message] });
}
