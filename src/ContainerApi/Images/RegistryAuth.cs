using System.Buffers.Text;
using ContainerApi.Api.Requests;

namespace ContainerApi.Images;

/// <summary>The registry credentials of a pull or a push: in the body or in a header.</summary>
internal sealed record RegistryAuth(
    [Parameter("Credentials for the registry, used for this request only.", Name = RegistryAuth.Field)]
    RegistryAuthFields? InBody,
    [Parameter("The credentials as Docker's clients send them, in place of `registryAuth`: JSON in base64url.",
        Name = RegistryAuthHeader.Name, In = ParameterPlace.Header, ErrorField = RegistryAuth.Field)]
    RegistryAuthHeader? InHeader)
{
    public const string Field = "registryAuth";

    public RegistryCredentials? Credentials =>
        InBody is null ? InHeader?.Credentials : new RegistryCredentials(InBody.Username, InBody.Password, InBody.ServerAddress);
}

internal static class RegistryAuthRules
{
    public static void GivenOnce<T>(this IRuleBuilderInitial<T, RegistryAuth> rule) =>
        rule.Must(a => a.InBody is null || a.InHeader?.Credentials is null).OverridePropertyName(RegistryAuth.Field)
            .WithMessage($"is in the body and in the header {RegistryAuthHeader.Name}; it must be in one of them.");
}

/// <summary>Credentials for one registry. They are neither stored nor logged.</summary>
internal sealed record RegistryAuthFields(
    [Parameter("The user name.", Pattern = RegistryAuthFields.Secret, Expected = RegistryAuthFields.ExpectedSecret)]
    string Username,
    [Parameter("The password, or a token.", Pattern = RegistryAuthFields.Secret, Expected = RegistryAuthFields.ExpectedSecret)]
    string Password,
    [Parameter("The registry's address. Default: the registry of the image.", Pattern = @"[\s\S]{1,512}",
        Expected = "must have 1 to 512 characters.")]
    string? ServerAddress)
{
    /// <summary>Tokens and key files serve as passwords.</summary>
    private const string Secret = @"[\s\S]{1,16384}";
    private const string ExpectedSecret = "must have 1 to 16384 characters.";

    /// <summary>Prints no value, because they are secrets.</summary>
    public override string ToString() => nameof(RegistryAuthFields);
}

/// <param name="Credentials">Null for empty credentials, which Docker's clients send for an anonymous request.</param>
internal sealed record RegistryAuthHeader(RegistryCredentials? Credentials) : IParameterValue<RegistryAuthHeader>
{
    public const string Name = "X-Registry-Auth";

    public static string Expected => $"in the header {Name} must be JSON in base64url with a username and a password.";

    public static bool TryParse(string text, [NotNullWhen(true)] out RegistryAuthHeader? value)
    {
        value = null;
        try
        {
            var json = Base64Url.DecodeFromChars(text.Trim().Replace('+', '-').Replace('/', '_').AsSpan().TrimEnd('='));
            var found = text.Length == 0 ? null : JsonSerializer.Deserialize<RegistryCredentials>(json, JsonSerializerOptions.Web);
            value = found switch
            {
                null or { Username: null or "", Password: null or "" } => new RegistryAuthHeader(null as RegistryCredentials),
                { Username.Length: > 0 and <= 16_384, Password.Length: > 0 and <= 16_384, ServerAddress: null or { Length: > 0 and <= 512 } } =>
                    new RegistryAuthHeader(found),
                _ => null,
            };
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
        }

        return value is not null;
    }
}
