using ContainerApi.Containers;

namespace ContainerApi.Images;

/// <summary>Creates an image from a container.</summary>
internal sealed class ContainerCommit(ContainerResolver resolver)
{
    private const int MaxChanges = 10_000;

    /// <summary>Returns the files that the container changed and its current configuration. Changes nothing.</summary>
    public async Task<CommittedImage> DryRunAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        var (engine, container) = await resolver.FindForWriteAsync(request.Container, request.Engine, cancellationToken);
        var configuration = await engine.ReadConfigurationAsync(container.Id, cancellationToken);
        var changes = await engine.ListFileChangesAsync(container.Id, MaxChanges + 1, cancellationToken);
        var preview = new CommitPreview(
            [.. changes.Take(MaxChanges).Select(c => new CommitChange(c.Path, c.Kind switch { 0 => "modified", 1 => "added", _ => "deleted" }))],
            changes.Count > MaxChanges,
            configuration.Command, configuration.Entrypoint, configuration.Environment, configuration.User, configuration.WorkingDirectory);
        return new CommittedImage(engine.Name, null, request.Tag is { } tag ? [tag.ToString()] : [], container.Id, null, preview);
    }

    public async Task<CommittedImage> CommitAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        var (engine, container) = await resolver.FindForWriteAsync(request.Container, request.Engine, cancellationToken);
        if (request.Stop)
        {
            await engine.StopContainerAsync(container.Id, grace: null, cancellationToken);
        }

        var spec = new CommitSpec(container.Id, request.Tag, request.Comment, request.Author, request.Pause, request.Changes);
        var id = await engine.CommitContainerAsync(spec, cancellationToken);
        var image = await engine.InspectImageAsync(new ImageNameOrId(id), cancellationToken);
        return new CommittedImage(engine.Name, id, image.Summary.Tags, container.Id, image.Summary.CreatedAt, null);
    }
}
