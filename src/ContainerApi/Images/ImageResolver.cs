using ContainerApi.Cluster;
using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>Finds the one engine that has all of the requested images.</summary>
internal static class ImageResolver
{
    /// <exception cref="ApiException">Several engines have them (409 with the engines in <c>matches</c>).</exception>
    /// <exception cref="EngineException">No such image, or an engine failed and no other engine has them.</exception>
    public static async Task<(IEngine Engine, IReadOnlyList<ImageDetails> Images)> FindAsync(
        IReadOnlyList<IEngine> engines, IReadOnlyList<ImageNameOrId> references, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(engines.Select(e => InspectAsync(e, references, cancellationToken)));
        var found = answers.Where(a => a.Images is not null).ToList();
        if (found.Count > 1)
        {
            var names = string.Join(", ", found.Select(f => f.Engine.Name));
            throw new ApiException(
                ErrorCode.AmbiguousReference,
                $"'{string.Join(", ", references)}' is on several engines: {names}. Name one with engine.")
            {
                Extensions = new Dictionary<string, object?>
                {
                    ["matches"] = found.SelectMany(f => f.Images!.Select(i => new { engine = f.Engine.Name, id = i.Summary.Id })).ToList(),
                },
            };
        }

        var failures = answers.Select(a => a.Failure).OfType<EngineException>().ToList();
        return found is [var (engine, images, _)]
            ? (engine, images!)
            : throw failures.Find(f => f.Code != ErrorCode.ImageNotFound) ?? failures.FirstOrDefault()
                ?? new ApiException(ErrorCode.ImageNotFound, $"There is no image '{string.Join(", ", references)}'.");
    }

    /// <summary>Returns the image on each engine that has it. An engine that fails has none.</summary>
    public static async Task<IReadOnlyList<OwnedThing>> FindAllAsync(
        IReadOnlyList<IEngine> engines, ImageNameOrId reference, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(engines.Select(e => InspectAsync(e, [reference], cancellationToken)));
        return [.. answers.SelectMany(a => (a.Images ?? []).Select(i => new OwnedThing(a.Engine.Name, i.Summary.Id)))];
    }

    private static async Task<(IEngine Engine, IReadOnlyList<ImageDetails>? Images, EngineException? Failure)> InspectAsync(
        IEngine engine, IReadOnlyList<ImageNameOrId> references, CancellationToken cancellationToken)
    {
        try
        {
            return (engine, await Task.WhenAll(references.Select(r => engine.InspectImageAsync(r, cancellationToken))), null);
        }
        catch (EngineException e)
        {
            return (engine, null, e);
        }
    }
}
