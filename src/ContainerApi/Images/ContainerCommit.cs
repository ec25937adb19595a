using ContainerApi.Containers;

namespace ContainerApi.Images;

/// <summary>Makes an image of a container: (1) finds it, (2) stops it as asked, (3) commits, (4) reads what came of it.</summary>
internal sealed class ContainerCommit(ContainerResolver locator)
{
    /// <summary>How many changed paths a dry run tells at most.</summary>
    private const int MostChanges = 10_000;

    /// <summary>Tells what <see cref="CommitAsync"/> would do, and does nothing.</summary>
    /// <param name="request">Validated.</param>
    /// <exception cref="ApiException">An instruction of the request has not its form.</exception>
    public async Task<CommitDryRun> PreviewAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        var (engine, container) = await locator.FindAsync(request.Container!, request.Engine, cancellationToken);
        var configuration = await engine.ReadConfigurationAsync(container.Id, cancellationToken);
        var result = CommitPreview.Apply(configuration, request.Changes ?? [], InstructionDialect.Of(engine.ApiVersion));
        var changes = await engine.ListFileChangesAsync(container.Id, MostChanges + 1, cancellationToken);
        return new CommitDryRun(
            container.Id,
            ImageReference.TryParse(request.Tag, out var name) ? name.ToString() : null,
            [.. changes.Take(MostChanges).Select(c => new CommitChange(c.Path, c.Kind switch { 0 => "modified", 1 => "added", _ => "deleted" }))],
            changes.Count > MostChanges,
            result.Command, result.Entrypoint, result.Environment, result.User, result.WorkingDirectory);
    }

    /// <param name="request">Validated.</param>
    public async Task<CommittedImage> CommitAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        var (engine, container) = await locator.FindAsync(request.Container!, request.Engine, cancellationToken);
        if (request.Stop == true)
        {
            await engine.StopContainerAsync(container.Id, grace: null, cancellationToken);
        }

        var name = ImageReference.TryParse(request.Tag, out var parsed) ? parsed : null;
        var spec = new CommitSpec(
            container.Id, name?.Repository, name is null ? null : name.Tag ?? "latest", request.Comment, request.Author,
            request.Pause ?? true, request.Changes ?? []);
        var id = await engine.CommitContainerAsync(spec, cancellationToken);
        var image = await engine.InspectImageAsync(id, cancellationToken);
        return new CommittedImage(id, image.Summary.Tags, container.Id, image.Summary.CreatedAt);
    }
}
