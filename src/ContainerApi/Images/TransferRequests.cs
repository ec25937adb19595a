using ContainerApi.Api;
using ContainerApi.Api.Requests;
using ContainerApi.Registries;

namespace ContainerApi.Images;

/// <summary>The body of <c>POST /images/pull</c>.</summary>
internal sealed record PullRequest(
    [Parameter("The image's name, as in `busybox:1.36`; without a tag or a digest, `latest`.", ErrorCode = "invalid_reference")]
    ImageReference Image,
    [Parameter("The platform, as in `linux/arm64/v8`. Default: the engine's own.", Pattern = ImagePlatform.Pattern,
        Expected = ImagePlatform.Expected)]
    string? Platform,
    RegistryAuth Auth,
    [Parameter(EngineName.OfWrite, CanBeInQuery = true)]
    EngineName? Engine,
    [Parameter(StreamParameters.Format, Allowed = ["ndjson", "sse"], CanBeInQuery = true)]
    StreamFormat? Format);

/// <summary>The body of <c>POST /images/push</c>.</summary>
internal sealed record PushRequest(
    [Parameter("The image's name, as in `registry:5000/team/app:v1`, which begins with the registry; without a tag, `latest`.",
        ErrorCode = "invalid_reference")]
    ImageName Image,
    RegistryAuth Auth,
    [Parameter(EngineName.OfWrite, CanBeInQuery = true)]
    EngineName? Engine,
    [Parameter(StreamParameters.Format, Allowed = ["ndjson", "sse"], CanBeInQuery = true)]
    StreamFormat? Format);

internal sealed class PullRequestValidator : AbstractValidator<PullRequest>
{
    public PullRequestValidator() => RuleFor(r => r.Auth).IsFor(r => r.Image?.Registry);
}

internal sealed class PushRequestValidator : AbstractValidator<PushRequest>
{
    public PushRequestValidator() => RuleFor(r => r.Auth).IsFor(r => r.Image?.Registry);
}
