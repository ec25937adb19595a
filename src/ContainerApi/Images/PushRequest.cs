using ContainerApi.Api;
using FluentValidation;

namespace ContainerApi.Images;

/// <summary>An image to be pushed to its registry.</summary>
public sealed record PushRequest
{
    /// <summary>What to push, as in <c>registry:5000/team/app:v1</c>, whose first part is the registry; <c>latest</c> where it has no tag.</summary>
    public string? Image { get; init; }

    /// <summary>Credentials for the registry, used for this push alone.</summary>
    public RegistryAuthRequest? RegistryAuth { get; init; }

    /// <summary>The engine that has the image; without it the first one.</summary>
    public string? Engine { get; init; }
}

internal sealed class PushRequestValidator : AbstractValidator<PushRequest>
{
    public PushRequestValidator()
    {
        RuleFor(r => r.Image).Cascade(CascadeMode.Stop).NotEmpty().WithMessage("must be given.")
            .Must(i => ImageReference.TryParse(i, out var reference) && reference.Digest is null).WithErrorCode(ErrorCode.InvalidReference.Code)
            .WithMessage("must be an image's name, as in registry:5000/team/app:v1; a digest or an id cannot be pushed.");
        RuleFor(r => r.RegistryAuth!).SetValidator(new RegistryAuthRequestValidator()).When(r => r.RegistryAuth is not null);
    }
}
