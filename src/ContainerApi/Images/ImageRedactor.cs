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
        Command = image.Command is { } command ? [.. command.Select(settings.Redactor.Text)] : null,
        Entrypoint = image.Entrypoint is { } entrypoint ? [.. entrypoint.Select(settings.Redactor.Text)] : null,
        Environment = [.. image.Environment.Select(Redactor.Variable)],
        History = [.. image.History.Select(h => h with { CreatedBy = settings.Redactor.Text(WithoutValues(h.CreatedBy)) })],
    };

    public static CommitDryRun For(Caller caller, CommitDryRun commit) =>
        caller.SeesSecrets ? commit : commit with { Environment = [.. commit.Environment.Select(Redactor.Variable)] };

    private static string WithoutValues(string step) => Assignments.Replace(step, $"$1$2{Redactor.Redacted}");

    /// <summary>The values that an <c>ENV</c> sets, and the build arguments of a <c>RUN</c>: <c>|2 A=x B=y /bin/sh -c …</c>.</summary>
    [GeneratedRegex(@"(\bENV\s+)\S.*|(^(?:RUN )?\|\d+ ).*?(?= /bin/sh |$)", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Assignments { get; }
}
