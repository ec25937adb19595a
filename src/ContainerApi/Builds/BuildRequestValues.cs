using System.Net;
using ContainerApi.Api.Requests;
using Microsoft.OpenApi;

namespace ContainerApi.Builds;

/// <summary>A Dockerfile in a build request: a path inside the context, or the text.</summary>
/// <param name="Text">As written.</param>
/// <param name="Path">The normalized path; null if the text is not a path inside the context.</param>
internal sealed record BuildDockerfile(string Text, string? Path) : IParameterValue<BuildDockerfile>, IJsonParameterValue<BuildDockerfile>
{
    private const int MaxPathLength = 4096;

    /// <summary>Whether it is the text beside any context. A text of one line is one in JSON without another context only.</summary>
    public bool IsText => Text.Contains('\n', StringComparison.Ordinal);

    public static string Expected => "must be a path inside the context: relative, and without '..'; or the text of a Dockerfile of several lines.";
    public static OpenApiSchema Schema => new() { Type = JsonSchemaType.String };

    public static BuildDockerfile Parse(string text)
    {
        var parts = text.Split('/');
        var isInside = text.Length <= MaxPathLength && !text.StartsWith('/') && !text.AsSpan().ContainsAny('\0', '\n') && !parts.Contains("..");
        var path = isInside ? string.Join('/', parts.Where(part => part is not ("" or "."))) : "";
        return new BuildDockerfile(text, path.Length > 0 ? path : null);
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out BuildDockerfile? value)
    {
        value = Parse(text) is { } dockerfile && (dockerfile.IsText || dockerfile.Path is not null) ? dockerfile : null;
        return value is not null;
    }

    public static (BuildDockerfile? Value, string? Error) Read(JsonElement json) =>
        json.ValueKind == JsonValueKind.String ? (Parse(json.GetString()!), null) : (null, "must be a string.");
}

/// <summary>A context beside the main one, <c>name=value</c>: an image, an address, or a directory under a context root.</summary>
internal sealed partial record ContextSource(string Name, string Value) : IParameterValue<ContextSource>
{
    private const string ImageScheme = "docker-image://";

    public static string Expected =>
        "must be name=docker-image://image, name=https://… (a remote context) or name=path (a directory under a context root).";

    /// <summary>The address of an image for BuildKit; null for another kind of context.</summary>
    public string? ImageAddress =>
        Value.StartsWith(ImageScheme, StringComparison.Ordinal) && ImageReference.TryParse(Value[ImageScheme.Length..], out var image)
            ? ImageScheme + image
            : null;

    public bool IsRemote => Value.Contains("://", StringComparison.Ordinal);

    public static bool TryParse(string text, [NotNullWhen(true)] out ContextSource? value)
    {
        value = text.Split('=', 2) is [var name, { Length: > 0 } given] && NamePattern.IsMatch(name) && !given.Contains('\0')
            // BuildKit looks for an image's name without the default tag.
            ? new ContextSource(name.EndsWith(":latest", StringComparison.Ordinal) ? name[..^":latest".Length] : name, given)
            : null;
        value = value?.Value.StartsWith(ImageScheme, StringComparison.Ordinal) is true && value.ImageAddress is null ? null : value;
        return value is not null;
    }

    [GeneratedRegex(@"^[a-z0-9][a-z0-9._/-]{0,254}(?::[a-zA-Z0-9_.-]{1,128})?\z")]
    private static partial Regex NamePattern { get; }
}

/// <summary>The limits of a secret of a build.</summary>
internal static partial class BuildSecret
{
    /// <summary>The maximum length of the value, as in Docker's client (secretsprovider in BuildKit).</summary>
    public const int MaxLength = 512_000;

    public const string IdPattern = "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}";
    public const string ExpectedId = "must have an id of letters, digits, '_', '.' and '-'.";

    public static bool IsId(string text) => Id.IsMatch(text);

    [GeneratedRegex($@"^{IdPattern}\z")]
    private static partial Regex Id { get; }
}

/// <summary>A private key for <c>RUN --mount=type=ssh</c>, <c>id=key</c>. Prints no key.</summary>
internal sealed record BuildSshKey(string Id, SshKey Key) : IParameterValue<BuildSshKey>
{
    public static string Expected =>
        "must be id=key: a private key (RSA, ECDSA or Ed25519) in the format of OpenSSH or in PEM, without a passphrase.";

    public static bool TryParse(string text, [NotNullWhen(true)] out BuildSshKey? value)
    {
        value = text.Split('=', 2) is [var id, var key] && BuildSecret.IsId(id) && SshKey.TryParse(key, out var parsed)
            ? new BuildSshKey(id, parsed)
            : null;
        return value is not null;
    }

    public override string ToString() => nameof(BuildSshKey);
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
