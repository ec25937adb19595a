using ContainerApi.Access;

namespace ContainerApi.Images;

/// <summary>
/// Redacts, for callers without <c>containers:secrets</c>, the values of the environment, including those in the history, and the
/// matches of the patterns in labels and commands.
/// </summary>
internal sealed partial class ImageRedactor(SecuritySettings settings)
{
    public ImageSummary Redact(ImageSummary image) => image with { Labels = settings.Redactor.Values(image.Labels) };

    public ImageInspection For(Caller caller, ImageInspection image) => caller.SeesSecrets ? image : image with
    {
        Labels = settings.Redactor.Values(image.Labels),
        Entrypoint = Redact(image.Entrypoint),
        Command = Redact(image.Command, image.Entrypoint),
        Environment = Redactor.Variables(image.Environment),
        History = [.. image.History.Select(h => h with { CreatedBy = settings.Redactor.Text(WithoutValues(h.CreatedBy)) })],
    };

    public CommittedImage For(Caller caller, CommittedImage commit) => caller.SeesSecrets || commit.Preview is not { } preview ? commit : commit with
    {
        Preview = preview with
        {
            Entrypoint = Redact(preview.Entrypoint),
            Command = Redact(preview.Command, preview.Entrypoint),
            Environment = Redactor.Variables(preview.Environment),
        },
    };

    private IReadOnlyList<string>? Redact(IReadOnlyList<string>? arguments, IReadOnlyList<string>? before = null) =>
        arguments is null ? null : settings.Redactor.Arguments(arguments, before is [.., var last] ? last : null);

    private static string WithoutValues(string step) => Assignments.Replace(step, $"$1$2$3{Redactor.Redacted}");

    /// <summary>The values that an <c>ENV</c> sets, and the build arguments of a <c>RUN</c>: <c>|2 A=x B=y /bin/sh -c …</c>, up to
    /// the last shell: a value may have one in it.</summary>
    [GeneratedRegex(
        @"(\bENV\s+)\S.*|(^(?:RUN )?\|\d+ ).*(?= /bin/sh )|(^(?:RUN )?\|\d+ ).*", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Assignments { get; }
}
