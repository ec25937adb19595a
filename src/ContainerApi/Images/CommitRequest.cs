using ContainerApi.Api;
using FluentValidation;

namespace ContainerApi.Images;

/// <summary>A container to be made an image.</summary>
public sealed record CommitRequest
{
    /// <summary>The container's name, id or unique id prefix.</summary>
    public string? Container { get; init; }

    /// <summary>The image's name, as in <c>localhost:5000/team/app:v1</c>; <c>latest</c> where it has no tag, none where it is left out.</summary>
    public string? Tag { get; init; }

    /// <summary>A note that the image keeps.</summary>
    public string? Comment { get; init; }

    /// <summary>Who made it, as in <c>Ann &lt;ann@example.org&gt;</c>.</summary>
    public string? Author { get; init; }

    /// <summary>Whether to pause it while it is read; true without it.</summary>
    public bool? Pause { get; init; }

    /// <summary>Whether to stop it first; it stays stopped. False without it.</summary>
    public bool? Stop { get; init; }

    /// <summary>
    /// Dockerfile instructions to apply, one per item: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, USER, VOLUME, WORKDIR.
    /// </summary>
    public IReadOnlyList<string>? Changes { get; init; }

    /// <summary>
    /// Whether to return only the changed files and the container's current configuration, without stopping, pausing or committing the
    /// container. Default: false.
    /// </summary>
    public bool? DryRun { get; init; }

    /// <summary>The engine the container is on; without it all are searched.</summary>
    public string? Engine { get; init; }
}

internal sealed class CommitRequestValidator : AbstractValidator<CommitRequest>
{
    /// <summary>What the engine takes (moby <c>builder/dockerfile</c>, <c>validCommitCommands</c>).</summary>
    private static readonly IReadOnlyList<string> Instructions =
        ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR"];

    /// <summary>All of it travels in one request line, of which the engine reads a megabyte, and a character takes up to nine bytes there.</summary>
    private const int LongestChanges = 64 * 1024;

    public CommitRequestValidator()
    {
        RuleFor(r => r.Container).Cascade(CascadeMode.Stop).NotEmpty().WithMessage("must be given.").ContainerReference();
        RuleFor(r => r.Tag).ImageName();
        RuleFor(r => r.Comment).MaximumLength(4096).WithMessage("must not be longer than 4096 characters.");
        RuleFor(r => r.Author).MaximumLength(1024).WithMessage("must not be longer than 1024 characters.");
        RuleFor(r => r.Changes).Must(c => c is null || c.Sum(i => (long?)i?.Length ?? 0) <= LongestChanges)
            .WithMessage($"must not be longer than {LongestChanges} characters in all.");
        RuleFor(r => r.Changes).Must(c => c is null || c.All(i => i is not null && i.AsSpan().IndexOfAny('\r', '\n', '\0') < 0))
            .WithMessage("must have one instruction on one line in each item.");
        RuleFor(r => r.Changes).Must(c => c is null || c.All(IsAllowed))
            .WithMessage($"must be instructions that a commit takes: {string.Join(", ", Instructions)}.");
    }

    private static bool IsAllowed(string? change) =>
        change?.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries) is [var instruction, ..]
        && Instructions.Contains(instruction, StringComparer.OrdinalIgnoreCase);
}
