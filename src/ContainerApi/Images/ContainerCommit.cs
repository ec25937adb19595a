using ContainerApi.Containers;

namespace ContainerApi.Images;

/// <summary>Creates an image from a container: (1) finds the container, (2) stops it on request, (3) commits it, (4) inspects the image.</summary>
internal sealed class ContainerCommit(ContainerResolver locator)
{
    private const int MaxChanges = 10_000;

    /// <summary>Returns the files that the container changed and its current configuration. Changes nothing.</summary>
    /// <param name="request">Validated.</param>
    public async Task<CommitDryRun> DryRunAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        var (engine, container) = await locator.FindAsync(
            new ContainerReference(request.Container!), request.Engine is null ? null : new EngineName(request.Engine), cancellationToken);
        var configuration = await engine.ReadConfigurationAsync(container.Id, cancellationToken);
        var changes = await engine.ListFileChangesAsync(container.Id, MaxChanges + 1, cancellationToken);
        return new CommitDryRun(
            container.Id,
            ImageName.TryParse(request.Tag, out var tag) ? tag.ToString() : null,
            [.. changes.Take(MaxChanges).Select(c => new CommitChange(c.Path, c.Kind switch { 0 => "modified", 1 => "added", _ => "deleted" }))],
            changes.Count > MaxChanges,
            configuration.Command, configuration.Entrypoint, configuration.Environment, configuration.User, configuration.WorkingDirectory);
    }

    /// <param name="request">Validated.</param>
    public async Task<CommittedImage> CommitAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        var (engine, container) = await locator.FindAsync(
            new ContainerReference(request.Container!), request.Engine is null ? null : new EngineName(request.Engine), cancellationToken);
        if (request.Stop == true)
        {
            await engine.StopContainerAsync(container.Id, grace: null, cancellationToken);
        }

        _ = ImageName.TryParse(request.Tag, out var tag);
        var spec = new CommitSpec(
            container.Id, tag, request.Comment, request.Author,
            request.Pause ?? true, request.Changes ?? []);
        var id = await engine.CommitContainerAsync(spec, cancellationToken);
        var image = await engine.InspectImageAsync(new ImageNameOrId(id), cancellationToken);
        return new CommittedImage(id, image.Summary.Tags, container.Id, image.Summary.CreatedAt);
    }
}
