using ContainerApi.Access;

namespace ContainerApi.Images;

/// <summary>
/// Redacts, for callers without <c>containers:secrets</c>, the values of the environment, including those in the history, and the
/// matches of the patterns in labels and commands.
/// </summary>
internal sealed class ImageRedactor(SecuritySettings settings)
{
    public ImageSummary Redact(ImageSummary image) => image with { Labels = settings.Redactor.Values(image.Labels) };

    public ImageInspection For(Caller caller, ImageInspection image) => caller.SeesSecrets ? image : image with
    {
        Labels = settings.Redactor.Values(image.Labels),
        Entrypoint = Redact(image.Entrypoint),
        Command = Redact(image.Command, image.Entrypoint),
        Environment = Redactor.Variables(image.Environment),
        History = [.. image.History.Select(h => h with { CreatedBy = settings.Redactor.Step(h.CreatedBy) })],
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
}
