using System.Text.RegularExpressions;
using ContainerApi.Api;
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

internal sealed partial class PullRequestValidator : AbstractValidator<PullRequest>
{
    public PullRequestValidator()
    {
        RuleFor(r => r.Image).Cascade(CascadeMode.Stop).NotEmpty().WithMessage("must be given.")
            .Must(i => ImageReference.TryParse(i, out _)).WithErrorCode(ErrorCode.InvalidReference.Code)
            .WithMessage("must be an image's name, as in busybox, registry:5000/team/app:v1 or app@sha256:…; an id cannot be pulled.");
        RuleFor(r => r.Platform).Must(p => p is null || PlatformForm.IsMatch(p))
            .WithMessage("must be os[/architecture[/variant]], as in linux/arm64/v8.");
        RuleFor(r => r.RegistryAuth!).SetValidator(new RegistryAuthRequestValidator()).When(r => r.RegistryAuth is not null);
    }

    [GeneratedRegex(@"^[a-z0-9_]{1,32}(?:/[A-Za-z0-9_.-]{1,32}){0,2}\z")]
    private static partial Regex PlatformForm { get; }
}
