using ContainerApi.Api.Requests;

namespace ContainerApi.Images;

/// <summary>The body of <c>POST /images/commit</c>.</summary>
internal sealed record CommitRequest(
    [Parameter("The container's name, id or unique id prefix.")]
    ContainerReference Container,
    [Parameter("The image's name, as in `localhost:5000/team/app:v1`; without a tag, `latest`. Default: no name.", ErrorCode = "invalid_reference")]
    ImageName? Tag,
    [Parameter("A comment in the image.", Pattern = @"[\s\S]{0,4096}", Expected = "must not be longer than 4096 characters.")]
    string? Comment,
    [Parameter("The author, as in `Ann <ann@example.org>`.", Pattern = @"[\s\S]{0,1024}", Expected = "must not be longer than 1024 characters.")]
    string? Author,
    [Parameter("Whether to pause the container during the commit.", Default = "true")]
    bool Pause,
    [Parameter("Whether to stop the container before the commit. It stays stopped.", Default = "false")]
    bool Stop,
    [Parameter("Dockerfile instructions to apply, one in each item: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, USER, VOLUME or "
        + "WORKDIR.",
        Pattern = @"[^\r\n\0]*", Expected = "must have one instruction on one line in each item.")]
    IReadOnlyList<string> Changes,
    [Parameter("Whether to return only the changed files and the container's current configuration. The container is neither stopped, paused "
        + "nor committed.", Default = "false")]
    bool DryRun,
    [Parameter(EngineName.OfWrite, CanBeInQuery = true)]
    EngineName? Engine);

internal sealed class CommitRequestValidator : AbstractValidator<CommitRequest>
{
    public CommitRequestValidator()
    {
        RuleFor(r => r.Tag).NoIpv6Host();
        RuleFor(r => r.Changes).AreShort();
        RuleForEach(r => r.Changes).IsInstruction();
    }
}

/// <summary>Instructions that a commit or an import applies to the configuration of the new image.</summary>
internal static class ImageChangeRules
{
    /// <summary>The instructions that an engine accepts (moby <c>builder/dockerfile</c>, <c>validCommitCommands</c>).</summary>
    private static readonly IReadOnlyList<string> Instructions =
        ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR"];

    /// <summary>The engine reads a request line of at most 1 MiB, and a character takes up to nine bytes in it.</summary>
    private const int MaxChangesLength = 64 * 1024;

    public static void AreShort<T>(this IRuleBuilder<T, IReadOnlyList<string>> rule) =>
        rule.Must(c => c is null || c.Sum(i => (long)i.Length) <= MaxChangesLength)
            .WithMessage($"must not be longer than {MaxChangesLength} characters in total.");

    public static void IsInstruction<T>(this IRuleBuilder<T, string> rule) => rule.Must(IsAllowed)
        .WithMessage($"must be an instruction that a commit accepts: {string.Join(", ", Instructions)}.");

    private static bool IsAllowed(string change) =>
        change.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries) is [var instruction, ..]
        && Instructions.Contains(instruction, StringComparer.OrdinalIgnoreCase);
}
