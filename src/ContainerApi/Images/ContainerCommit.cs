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
        var (engine, container) = await locator.FindAsync(new ContainerReference(request.Container!), request.Engine, cancellationToken);
        var configuration = await engine.ReadConfigurationAsync(container.Id, cancellationToken);
        var changes = await engine.ListFileChangesAsync(container.Id, MaxChanges + 1, cancellationToken);
        return new CommitDryRun(
            container.Id,
            ImageReference.TryParse(request.Tag, out var name) ? name.ToString() : null,
            [.. changes.Take(MaxChanges).Select(c => new CommitChange(c.Path, c.Kind switch { 0 => "modified", 1 => "added", _ => "deleted" }))],
            changes.Count > MaxChanges,
            configuration.Command, configuration.Entrypoint, configuration.Environment, configuration.User, configuration.WorkingDirectory);
    }

    /// <param name="request">Validated.</param>
    public async Task<CommittedImage> CommitAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        var (engine, container) = await locator.FindAsync(new ContainerReference(request.Container!), request.Engine, cancellationToken);
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
