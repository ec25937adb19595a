using System.Text.RegularExpressions;
using ContainerApi.Engine;
using ContainerApi.Http;
using FluentValidation;

namespace ContainerApi.Images;

/// <summary>An image to be pulled from its registry.</summary>
public sealed record PullRequest
{
    /// <summary>What to pull, as in <c>busybox:1.36</c>; <c>latest</c> where it has neither tag nor digest.</summary>
    public string? Image { get; init; }

    /// <summary>As in <c>linux/arm64/v8</c>; without it the engine's own.</summary>
    public string? Platform { get; init; }

    /// <summary>Credentials for the registry, used for this pull alone.</summary>
    public RegistryAuthRequest? RegistryAuth { get; init; }

    /// <summary>The engine that is to pull; without it the first one.</summary>
    public string? Engine { get; init; }
}

/// <summary>Credentials for one registry. They are neither kept nor logged.</summary>
public sealed record RegistryAuthRequest
{
    /// <summary>Who.</summary>
    public string? Username { get; init; }

    /// <summary>The password, or a token that stands for one.</summary>
    public string? Password { get; init; }

    /// <summary>The registry they are for; without it the image's own.</summary>
    public string? ServerAddress { get; init; }

    /// <summary>Prints no member, so that no log can show one.</summary>
    public override string ToString() => nameof(RegistryAuthRequest);
}

internal sealed partial class PullRequestValidator : AbstractValidator<PullRequest>
{
    /// <summary>Tokens and key files serve as passwords; the engine takes a header of this length still.</summary>
    private const int LongestSecret = 16 * 1024;

    public PullRequestValidator()
    {
        RuleFor(r => r.Image).Cascade(CascadeMode.Stop).NotEmpty().WithMessage("must be given.")
            .Must(i => ImageReference.TryParse(i, out _)).WithErrorCode(ProblemCode.InvalidReference.Code)
            .WithMessage("must be an image's name, as in busybox, registry:5000/team/app:v1 or app@sha256:…; an id cannot be pulled.");
        RuleFor(r => r.Platform).Must(p => p is null || PlatformForm.IsMatch(p))
            .WithMessage("must be os[/architecture[/variant]], as in linux/arm64/v8.");
        When(r => r.RegistryAuth is not null, () =>
        {
            RuleFor(r => r.RegistryAuth!.Username)
                .Must(u => u is { Length: > 0 and <= LongestSecret }).OverridePropertyName("registryAuth.username").WithMessage("must be given.");
            RuleFor(r => r.RegistryAuth!.Password)
                .Must(p => p is { Length: > 0 and <= LongestSecret }).OverridePropertyName("registryAuth.password").WithMessage("must be given.");
            RuleFor(r => r.RegistryAuth!.ServerAddress)
                .Must(a => a is null or { Length: > 0 and <= 512 }).OverridePropertyName("registryAuth.serverAddress").WithMessage("must be a registry's address.");
        });
    }

    [GeneratedRegex(@"^[a-z0-9_]{1,32}(?:/[A-Za-z0-9_.-]{1,32}){0,2}\z")]
    private static partial Regex PlatformForm { get; }
}
