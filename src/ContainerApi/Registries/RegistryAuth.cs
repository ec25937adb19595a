using System.Buffers.Text;
using ContainerApi.Api.Requests;

namespace ContainerApi.Registries;

/// <summary>The registry credentials of a request for one image: in the body or in a header.</summary>
internal sealed record RegistryAuth(
    [Parameter("Credentials for the registry of the image, used for this request only.", Name = RegistryAuth.Field)]
    RegistryAuthFields? InBody,
    [Parameter("The credentials as Docker's clients send them, in place of `registryAuth`: JSON in base64url.",
        Name = ApiHeaders.RegistryAuth, In = ParameterPlace.Header, StandsFor = RegistryAuth.Field)]
    RegistryAuthHeader? InHeader)
{
    public const string Field = "registryAuth";

    public RegistryCredentials? Credentials => All is [var first, ..] ? first : null;

    public IReadOnlyList<RegistryCredentials> All => InBody is null ? InHeader?.Credentials ?? [] : [InBody.ToCredentials()];
}

internal static class RegistryAuthRules
{
    /// <summary>The credentials are in one place. If they name a registry, it is that of the image: no other registry gets them.</summary>
    /// <param name="registry">The registry of the image; null if there is no valid name.</param>
    public static void IsFor<T>(this IRuleBuilder<T, RegistryAuth> rule, Func<T, string?> registry) => rule
        .Must(a => a.InBody is null || a.InHeader is not { Credentials.Count: > 0 })
        .WithMessage($"is in the body and in the header {ApiHeaders.RegistryAuth}; it must be in one of them.")
        .Must((r, a) => registry(r) is not { } host || a.All.All(c => c.ServerAddress is null || c.AreFor(host)))
        .WithMessage(r => $"names another registry than {registry(r)}, the registry of the image.")
        .OverridePropertyName(RegistryAuth.Field);
}

/// <summary>Credentials for one registry. They are neither stored nor logged.</summary>
internal sealed record RegistryAuthFields(
    [Parameter("The user name.", Pattern = RegistryAuthFields.Secret, Expected = RegistryAuthFields.ExpectedSecret)]
    string Username,
    [Parameter("The password, or a token.", Pattern = RegistryAuthFields.Secret, Expected = RegistryAuthFields.ExpectedSecret)]
    string Password,
    [Parameter("The registry's address, as in `registry:5000` or `https://registry:5000/v2/`. Required for a build. Default: the registry of "
        + "the image; any other is a 400.", Pattern = @"[\s\S]{1,512}", Expected = "must have 1 to 512 characters.")]
    string? ServerAddress)
{
    /// <summary>Tokens and key files serve as passwords.</summary>
    private const string Secret = @"[\s\S]{1,16384}";
    private const string ExpectedSecret = "must have 1 to 16384 characters.";

    public RegistryCredentials ToCredentials() => new(Username, Password, ServerAddress);

    /// <summary>Prints no value, because they are secrets.</summary>
    public override string ToString() => nameof(RegistryAuthFields);
}

/// <summary>
/// Registry credentials in a header, as Docker's clients send them: JSON in base64url, either the credentials of one registry or an
/// object with the credentials of several by address. Other members (<c>email</c>, <c>auth</c>) are ignored.
/// </summary>
/// <param name="Credentials">Without empty ones, which Docker's clients send for an anonymous request.</param>
internal sealed record RegistryAuthHeader(IReadOnlyList<RegistryCredentials> Credentials) : IParameterValue<RegistryAuthHeader>
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    private const int MaxSecretLength = 16 * 1024;
    private const int MaxAddressLength = 512;

    public static string Expected => "must be JSON in base64url with a username and a password, or with those of each registry.";

    public static bool TryParse(string text, [NotNullWhen(true)] out RegistryAuthHeader? value)
    {
        value = null;
        try
        {
            var json = Base64Url.DecodeFromChars(text.Trim().Replace('+', '-').Replace('/', '_').TrimEnd('='));
            using var document = JsonDocument.Parse(json.Length == 0 ? "{}"u8.ToArray() : json, Options);
            var fields = document.RootElement.EnumerateObject();
            IEnumerable<RegistryCredentials> all = fields.All(f => f.Value.ValueKind == JsonValueKind.Object)
                ? fields.Select(f => Read(f.Value) with { ServerAddress = f.Name })
                : [Read(document.RootElement)];
            IReadOnlyList<RegistryCredentials> found = [.. all.Where(c => c is not { Username: null or "", Password: null or "" })];
            value = found.All(IsComplete) ? new RegistryAuthHeader(found) : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
        }

        return value is not null;
    }

    private static RegistryCredentials Read(JsonElement json)
    {
        var found = json.Deserialize<RegistryCredentials>(JsonSerializerOptions.Web)!;
        return found.ServerAddress is "" ? found with { ServerAddress = null } : found;
    }

    private static bool IsComplete(RegistryCredentials credentials) =>
        credentials is { Username.Length: > 0 and <= MaxSecretLength, Password.Length: > 0 and <= MaxSecretLength }
        && credentials.ServerAddress is null or { Length: > 0 and <= MaxAddressLength };
}
