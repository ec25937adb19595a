using System.Net;
using System.Text.RegularExpressions;
using ContainerApi.Api;
using FluentValidation;

namespace ContainerApi.Builds;

/// <summary>Validates a build's parameters before anything is sent, because a refusal during the upload looks like a broken connection.</summary>
internal sealed partial class BuildRequestValidator : AbstractValidator<BuildRequest>
{
    /// <summary>The limit of Docker's client (<c>secretsprovider</c> in BuildKit).</summary>
    private const int MaxSecretLength = 500 * 1024;
    private static readonly RegistryAuthRequestValidator Credentials = new();
    private const int MaxPathLength = 4096;

    public BuildRequestValidator(BuildOptions options)
    {
        RuleForEach(r => r.Tag).BuildTag();
        RuleFor(r => r.Dockerfile).Must(path => path is null || IsInside(path)).WithErrorCode(ErrorCode.InvalidDockerfile.Code)
            .WithMessage("must be a path inside the context: relative, and without '..'.");
        RuleFor(r => r.Target).Must(target => target is null || Stage.IsMatch(target))
            .WithMessage("must be a stage's name or number: letters, digits, '_', '.' and '-'.");
        RuleForEach(r => r.BuildArg).Must(argument => argument is not null && Argument.IsMatch(argument))
            .WithMessage("must be NAME=value or NAME, where NAME is letters, digits and '_', the first no digit.");
        RuleForEach(r => r.Label).Must(label => label is not null && LabelText.IsMatch(label))
            .WithMessage("must be key=value or key, and the key neither empty nor with blanks.");
        RuleFor(r => r.Platform).Must(platform => platform is null || Platform.IsMatch(platform))
            .WithMessage("must be a platform: os, os/architecture or os/architecture/variant.");
        RuleFor(r => r.NoCache).Boolean();
        RuleFor(r => r.Pull).Boolean();
        RuleFor(r => r.Push).Boolean();
        RuleFor(r => r.Push).Must((r, push) => !Rules.ToBoolean(push) || r.Tag is { Length: > 0 }).WithMessage("needs a tag: it says where to.");
        RuleFor(r => r.Network).Must(network => network is null || Network.IsMatch(network))
            .WithMessage("must be bridge, host, none, container:ID or a network's name.");
        RuleForEach(r => r.ExtraHost).Must(host => host is not null && IsHost(host))
            .WithMessage("must be name:address, the address an IP address or host-gateway.");
        RuleForEach(r => r.CacheFrom).Must(image => ImageNameOrId.TryParse(image, out _)).WithErrorCode(ErrorCode.InvalidReference.Code)
            .WithMessage("must be an image's reference or id.");
        RuleForEach(r => r.Secret).Must(secret => secret is { Length: <= MaxSecretLength } && SecretText.IsMatch(secret))
            .WithMessage($"must be id=value, the id letters, digits, '_', '.' and '-', in all not longer than {MaxSecretLength} characters.");
        RuleFor(r => r.RegistryConfig).Must((r, _) => BuildCredentials.Of(r) is not null).OverridePropertyName("registryAuth")
            .WithMessage("must be JSON in base64url: X-Registry-Config an object of credentials by registry, X-Registry-Auth one's own.");
        RuleFor(r => r).Must(r => AllOf(r).All(c => c.ServerAddress is { Length: > 0 })).OverridePropertyName("registryAuth.serverAddress")
            .WithMessage("must be given: a build can have several registries.");
        RuleFor(r => r).Must(r => AllOf(r).All(c => Credentials.Validate(c).IsValid)).OverridePropertyName("registryAuth")
            .WithMessage("must have a username, a password and a serverAddress, each not too long.");
        RuleFor(r => r.Builder).OneOf(BuilderChoice.Auto, BuilderChoice.Classic, BuilderChoice.BuildKit);
        RuleFor(r => r.Timeout).Integer(1, (int)options.Timeout.TotalSeconds);
        RuleFor(r => r.Detach).Boolean();
        RuleFor(r => r.Stream).Boolean();
        RuleFor(r => r.Stream).Must((r, stream) => stream is null || !Rules.ToBoolean(stream) || !Rules.ToBoolean(r.Detach))
            .WithMessage("must not be true with detach: a detached build is followed at /builds/{id}/events.");
        RuleFor(r => r.Format).OneOf(BuildEventFormats.Names);
        RuleFor(r => r.Format).Must((r, format) => format is null || !(Rules.ToBoolean(r.Detach) || !Rules.ToBoolean(r.Stream, otherwise: true)))
            .WithMessage("is of a stream, and detach or stream=false asks for none.");
    }

    private static IEnumerable<RegistryAuthRequest> AllOf(BuildRequest request) =>
        request.Credentials.Concat(BuildCredentials.Of(request) ?? []);

    private static bool IsInside(string path) =>
        path.Length is > 0 and <= MaxPathLength && path[0] != '/' && !path.Contains('\0')
        && path.Split('/') is var parts && !parts.Contains("..") && parts.Any(part => part is not ("" or "."));

    private static bool IsHost(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && HostName.IsMatch(text[..colon])
            && (text[(colon + 1)..] == "host-gateway" || IPAddress.TryParse(text.AsSpan(colon + 1).Trim("[]"), out _));
    }

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}\z")]
    private static partial Regex Stage { get; }

    [GeneratedRegex(@"^[a-zA-Z_][a-zA-Z0-9_]*(?:=[^\0]*)?\z")]
    private static partial Regex Argument { get; }

    [GeneratedRegex(@"^[^\s=\0""']+(?:=[^\0]*)?\z")]
    private static partial Regex LabelText { get; }

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}=")]
    private static partial Regex SecretText { get; }

    [GeneratedRegex(@"^[a-z0-9_]+(?:/[a-z0-9_]+){0,2}\z")]
    private static partial Regex Platform { get; }

    [GeneratedRegex(@"^(?:container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}\z")]
    private static partial Regex Network { get; }

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}\z")]
    private static partial Regex HostName { get; }
}

internal static class BuildRules
{
    /// <summary>Validates a reference for a new image.</summary>
    public static IRuleBuilderOptions<T, string?> BuildTag<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(text => ImageName.TryParse(text, out _))
            .WithErrorCode(ErrorCode.InvalidReference.Code)
            .WithMessage("must be a reference without a digest: [host[:port]/]name[:tag], the name in lower case.");
}
