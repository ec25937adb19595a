using ContainerApi.Api.Requests;

namespace ContainerApi.Builds;

/// <summary>The rules across the fields of a build request. They run before the body is read: an error during an upload looks like a
/// broken connection.</summary>
internal sealed class BuildRequestValidator : AbstractValidator<BuildRequest>
{
    public BuildRequestValidator(BuildOptions options)
    {
        RuleFor(r => r).Custom((r, context) =>
        {
            if (r is { Path: not null, Remote: not null })
            {
                context.AddFailure("path", SecondContext("remote"));
                context.AddFailure("remote", SecondContext("path"));
            }
        });
        RuleFor(r => r.Dockerfile).Must(d => d is { IsText: true } or { Path: not null }).When(r => r.Dockerfile is not null && NamesContext(r))
            .WithErrorCode(ErrorCode.InvalidDockerfile.Code).WithMessage(BuildDockerfile.Expected);
        RuleFor(r => r.IgnoreFile).Must((r, applies) => !applies || r.Remote is null)
            .WithMessage("must not be given with remote: the engine reads the context.");
        RuleFor(r => r.Secrets).Must(secrets => BuildRequest.Pairs(secrets).Count == secrets.Count).WhenValid("secrets")
            .WithMessage("must have each id once.");
        RuleFor(r => r.Timeout).Must(t => t is null || t <= options.Timeout)
            .WithMessage(Durations.Expected(1, (int)options.Timeout.TotalSeconds));
        When(r => r.ForBuilder.Output != RequestedOutput.Image, () =>
        {
            RuleFor(r => r.Mode).Must(mode => mode is null or BuildMode.Stream).WithMessage(WithFile);
            RuleFor(r => r.Detach).Must(detach => detach is not true).WithMessage(WithFile);
            RuleFor(r => r.Stream).Must(stream => stream is not false).WithMessage(WithFile);
            RuleFor(r => r.Format).Must(format => format is null).WithMessage(WithFile);
            RuleFor(r => r.Push).Must(push => !push).WithMessage(WithFile);
            RuleFor(r => r.Tags).Must((r, tags) => tags.Count == 0 || r.ForBuilder.Output == RequestedOutput.Oci).WhenValid("tags")
                .WithMessage(WithoutImage);
            RuleFor(r => r.ForBuilder.Annotations)
                .Must((r, annotations) => annotations.Count == 0 || r.ForBuilder.Output == RequestedOutput.Oci).WhenValid("annotations")
                .OverridePropertyName("annotations").WithMessage(WithoutImage);
        });
        When(r => r.ForBuilder.Check, () =>
        {
            RuleFor(r => r.Push).Must(push => !push).WithMessage(WithCheck);
            RuleFor(r => r.Tags).Must(tags => tags.Count == 0).WhenValid("tags").WithMessage(WithCheck);
            RuleFor(r => r.ForBuilder.Output).Must(output => output == RequestedOutput.Image).OverridePropertyName("output").WithMessage(WithCheck);
        });
        RuleFor(r => r.Push).Must((r, push) => !push || r.Tags.Count > 0).WhenValid("tags").WithMessage("needs a tag.");
        RuleFor(r => r.RegistryAuth).Must((r, _) => r.Credentials.All(c => c.ServerAddress is not null)).WhenValid("registryAuth")
            .WithMessage("needs a serverAddress: a build can use several registries.");
        RuleFor(r => r.Stream).Must((r, stream) => stream is null || stream == (r.ChosenMode == BuildMode.Stream)).WhenValid("mode", "detach")
            .WithMessage(r => $"contradicts mode={NameOf(r.ChosenMode)}.");
        RuleFor(r => r.Detach).Must((r, detach) => detach is null || detach == (r.ChosenMode == BuildMode.Detach)).WhenValid("mode")
            .WithMessage(r => $"contradicts mode={NameOf(r.ChosenMode)}.");
        RuleFor(r => r.Format).Must((r, format) => format is null || r.ChosenMode == BuildMode.Stream)
            .WithMessage(r => $"must not be given with mode={NameOf(r.ChosenMode)}: the response is one JSON document.");
    }

    private const string WithCheck = "must not be given with check: nothing is built.";

    private const string WithoutImage = "must not be given with this output: there is no image.";

    private const string WithFile = "must not be given with this output: the response is the file.";

    private static string NameOf(BuildMode mode) => mode.ToString().ToLowerInvariant();

    private static bool NamesContext(BuildRequest request) => (request.Path ?? request.Remote) is not null;

    /// <summary>The error of a field that gives the build a second context.</summary>
    public static string SecondContext(string other) => $"must not be combined with {other}: a build has one context.";
}
