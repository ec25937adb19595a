using ContainerApi.Containers;
using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>Makes an image of a container: (1) finds it, (2) stops it as asked, (3) commits, (4) reads what came of it.</summary>
internal sealed class ContainerCommit(ContainerLocator locator)
{
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
