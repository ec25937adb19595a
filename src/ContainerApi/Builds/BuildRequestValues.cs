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
