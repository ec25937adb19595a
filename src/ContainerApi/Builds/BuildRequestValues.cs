using System.Buffers.Text;
using System.Net;
using ContainerApi.Api.Requests;
using Microsoft.OpenApi;

namespace ContainerApi.Builds;

/// <summary>A Dockerfile in a build request: a path inside the context, or in JSON possibly the text.</summary>
/// <param name="Text">As written.</param>
/// <param name="Path">The normalized path; null if the text is not a path inside the context.</param>
internal sealed record BuildDockerfile(string Text, string? Path) : IParameterValue<BuildDockerfile>, IJsonParameterValue<BuildDockerfile>
{
    private const int MaxPathLength = 4096;

    public static string Expected => "must be a path inside the context: relative, and without '..'.";
    public static OpenApiSchema Schema => new() { Type = JsonSchemaType.String };

    public static BuildDockerfile Parse(string text)
    {
        var parts = text.Split('/');
        var isInside = text.Length <= MaxPathLength && !text.StartsWith('/') && !text.Contains('\0') && !parts.Contains("..");
        var path = isInside ? string.Join('/', parts.Where(part => part is not ("" or "."))) : "";
        return new BuildDockerfile(text, path.Length > 0 ? path : null);
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out BuildDockerfile? value)
    {
        value = Parse(text) is { Path: not null } dockerfile ? dockerfile : null;
        return value is not null;
    }

    public static (BuildDockerfile? Value, string? Error) Read(JsonElement json) =>
        json.ValueKind == JsonValueKind.String ? (Parse(json.GetString()!), null) : (null, "must be a string.");
}

/// <summary>An entry for the hosts file of a build's steps, <c>name:address</c>.</summary>
internal sealed partial record ExtraHost(string Value) : IParameterValue<ExtraHost>
{
    public static string Expected => "must be name:address. The address is an IP address or host-gateway.";

    public static bool TryParse(string text, [NotNullWhen(true)] out ExtraHost? value)
    {
        value = text.Split(':', 2) is [var name, var address] && Name.IsMatch(name)
            && (address == "host-gateway" || IPAddress.TryParse(address.AsSpan().Trim("[]"), out _))
            ? new ExtraHost(text)
            : null;
        return value is not null;
    }

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}\z")]
    private static partial Regex Name { get; }
}

/// <summary>Registry credentials in the JSON of a build request.</summary>
internal sealed record BuildRegistryAuth(
    [Parameter("The user name.", Pattern = BuildRegistryAuth.Secret, Expected = "must have 1 to 16384 characters.")]
    string Username,
    [Parameter("The password, or a token.", Pattern = BuildRegistryAuth.Secret, Expected = "must have 1 to 16384 characters.")]
    string Password,
    [Parameter("The address of the registry.", Pattern = @"[\s\S]{1,512}", Expected = "must have 1 to 512 characters.")]
    string ServerAddress)
{
    /// <summary>Tokens and key files serve as passwords.</summary>
    private const string Secret = @"[\s\S]{1,16384}";

    /// <summary>Prints no member, because they are secrets.</summary>
    public override string ToString() => nameof(BuildRegistryAuth);
}

/// <summary>
/// Registry credentials in a header, as Docker's clients send them: JSON in base64url, either the credentials of one registry or an
/// object with the credentials of several by address. Empty credentials count as none.
/// </summary>
internal sealed record RegistryHeader(IReadOnlyList<RegistryCredentials> Credentials) : IParameterValue<RegistryHeader>
{
    private const int MaxSecretLength = 16 * 1024;
    private const int MaxAddressLength = 512;

    public static string Expected => "must be JSON in base64url with a username, a password and an address for each registry.";

    public static bool TryParse(string text, [NotNullWhen(true)] out RegistryHeader? value)
    {
        value = null;
        try
        {
            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(text.Trim().Replace('+', '-').Replace('/', '_').TrimEnd('=')));
            var fields = json.RootElement.EnumerateObject();
            IReadOnlyList<RegistryCredentials> found =
            [
                .. fields.All(f => f.Value.ValueKind == JsonValueKind.Object)
                    ? fields.Select(f => Read(f.Value) with { ServerAddress = f.Name })
                    : [Read(json.RootElement)],
            ];
            found = [.. found.Where(c => c is not { Username: null or "", Password: null or "" })];
            value = found.All(IsComplete) ? new RegistryHeader(found) : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
        }

        return value is not null;
    }

    public override string ToString() => nameof(RegistryHeader);

    /// <summary>Other members of Docker's (<c>email</c>, <c>auth</c>) are ignored.</summary>
    private static RegistryCredentials Read(JsonElement json) => json.Deserialize<RegistryCredentials>(JsonSerializerOptions.Web)!;

    private static bool IsComplete(RegistryCredentials credentials) =>
        credentials is { Username.Length: > 0 and <= MaxSecretLength, Password.Length: > 0 and <= MaxSecretLength }
        && credentials.ServerAddress is { Length: > 0 and <= MaxAddressLength };
}
