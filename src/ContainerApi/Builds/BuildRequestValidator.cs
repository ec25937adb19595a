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
            var isText = NamesContext(r) && r.Dockerfile?.Text.Contains('\n', StringComparison.Ordinal) is true;
            (string Name, bool IsGiven)[] all = [("path", r.Path is not null), ("remote", r.Remote is not null), ("dockerfile", isText)];
            var given = all.Where(c => c.IsGiven).Select(c => c.Name).ToList();
            foreach (var name in given.Where(_ => given.Count > 1))
            {
                context.AddFailure(name, SecondContext(string.Join(" or ", given.Except([name]))));
            }
        });
        RuleFor(r => r.Dockerfile).Must(d => d?.Path is not null).When(r => r.Dockerfile is not null && NamesContext(r))
            .WithErrorCode(ErrorCode.InvalidDockerfile.Code).WithMessage(BuildDockerfile.Expected);
        RuleFor(r => r.Timeout).Must(t => t is null || t <= options.Timeout)
            .WithMessage(Durations.Expected(1, (int)options.Timeout.TotalSeconds));
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

    private static string NameOf(BuildMode mode) => mode.ToString().ToLowerInvariant();

    private static bool NamesContext(BuildRequest request) => (request.Path ?? request.Remote) is not null;

    /// <summary>The error of a field that gives the build a second context.</summary>
    public static string SecondContext(string other) => $"must not be combined with {other}: a build has one context.";
}
