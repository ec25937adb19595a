using ContainerApi.Engine;

namespace ContainerApi.Images;

/// <summary>Lists the images of several engines at once, with how many containers use each.</summary>
internal sealed class ImageLists(EngineDirectory engines)
{
    /// <exception cref="EngineException">None of the engines could answer, or there is none of a name.</exception>
    public async Task<ImageList> ListAsync(ImagesQuery query, CancellationToken cancellationToken)
    {
        var asked = query.Engine is { Length: > 0 } names ? names.Distinct().Select(name => engines.Get(new EngineName(name))).ToList() : engines.All;
        var filters = query.ToFilters();
        var answers = await Task.WhenAll(asked.Select(e => ListAsync(e, filters, cancellationToken)));
        if (answers.All(a => a.Failure is not null))
        {
            throw answers[0].Failure!;
        }

        IReadOnlyList<ImageSummary> items = [.. answers.SelectMany(a => a.Images)];
        return new ImageList(items, [.. answers.Select(ToState)], items.Count);
    }

    /// <summary>How many containers use each image of an engine, by image id; null where the engine cannot tell.</summary>
    public static async Task<IReadOnlyDictionary<string, int>?> CountContainersAsync(IEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            return ImageProjection.CountByImage(await engine.ListContainersAsync(new ContainerFilter(All: true), cancellationToken));
        }
        catch (EngineException)
        {
            return null;
        }
    }

    private static async Task<(IEngine Engine, IReadOnlyList<ImageSummary> Images, EngineException? Failure)> ListAsync(
        IEngine engine, IReadOnlyDictionary<string, IReadOnlyList<string>>? filters, CancellationToken cancellationToken)
    {
        var counting = CountContainersAsync(engine, cancellationToken);
        try
        {
            var images = await engine.ListImagesAsync(filters, cancellationToken);
            var containers = await counting;
            return (engine, [.. images.Select(i => ImageProjection.ToSummary(engine.Name, i, containers))], null);
        }
        catch (EngineException e)
        {
            return (engine, [], e);
        }
    }

    private static ImageListEngine ToState((IEngine Engine, IReadOnlyList<ImageSummary> Images, EngineException? Failure) answer) =>
        answer.Failure is { } failure
            ? new ImageListEngine(answer.Engine.Name, EngineStates.Of(failure), null, failure.Message)
            : new ImageListEngine(answer.Engine.Name, EngineStates.Ok, answer.Images.Count, null);
}
