using FluentValidation;

namespace ContainerApi.Api;

/// <summary>Credentials for one registry. They are neither kept nor logged.</summary>
public sealed record RegistryAuthRequest
{
    /// <summary>Who.</summary>
    public string? Username { get; init; }

    /// <summary>The password, or a token that stands for one.</summary>
    public string? Password { get; init; }

    /// <summary>The registry they are for; without it the image's own.</summary>
    public string? ServerAddress { get; init; }

    /// <summary>The same in the engine's terms. They are valid.</summary>
    internal RegistryCredentials ToCredentials() => new(Username!, Password!, ServerAddress);

    /// <summary>Prints no member, so that no log can show one.</summary>
    public override string ToString() => nameof(RegistryAuthRequest);
}

internal sealed class RegistryAuthRequestValidator : AbstractValidator<RegistryAuthRequest>
{
    /// <summary>Tokens and key files serve as passwords; the engine takes a header of this length still.</summary>
    private const int LongestSecret = 16 * 1024;

    public RegistryAuthRequestValidator()
    {
        RuleFor(a => a.Username).Must(u => u is { Length: > 0 and <= LongestSecret }).OverridePropertyName("username").WithMessage("must be given.");
        RuleFor(a => a.Password).Must(p => p is { Length: > 0 and <= LongestSecret }).OverridePropertyName("password").WithMessage("must be given.");
        RuleFor(a => a.ServerAddress).Must(a => a is null or { Length: > 0 and <= 512 }).OverridePropertyName("serverAddress").WithMessage("must be a registry's address.");
    }
}
