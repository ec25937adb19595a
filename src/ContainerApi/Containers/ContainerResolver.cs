using ContainerApi.Cluster;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>Resolves a name, a full id or a unique id prefix to one container: one inspect per engine, in parallel.</summary>
internal sealed class ContainerResolver(EngineDirectory engines)
{
    private const int MaxCandidates = 10;

    /// <summary>Finds the container of a read.</summary>
    /// <param name="engine">An engine's name, or null for all engines.</param>
    /// <exception cref="ApiException">No such container, or the reference is ambiguous (409 with the candidates in <c>matches</c>).</exception>
    /// <exception cref="EngineException">No such engine, or an engine failed and no other engine has the container.</exception>
    public Task<(IEngine Engine, ContainerDetails Container)> FindAsync(
        ContainerReference reference, EngineName? engine, CancellationToken cancellationToken) =>
        FindAsync(reference, engines.ForRead(engine), cancellationToken);

    /// <summary>Finds the container of a write, on the engine of the write.</summary>
    /// <exception cref="ApiException">No such container, the reference is ambiguous, or no engine is named where there are several.</exception>
    /// <exception cref="EngineException">No such engine, or the engine failed.</exception>
    public Task<(IEngine Engine, ContainerDetails Container)> FindForWriteAsync(
        ContainerReference reference, EngineName? engine, CancellationToken cancellationToken) =>
        FindAsync(reference, [engines.ForWrite(engine)], cancellationToken);

    /// <summary>Returns all matches. An engine that fails has none.</summary>
    public async Task<IReadOnlyList<OwnedThing>> FindAllAsync(ContainerReference reference, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(engines.All.Select(e => FindAsync(e, reference, cancellationToken)));
        return [.. answers.SelectMany(a => a.Found.Select(c => new OwnedThing(a.Engine.Name, c.Id, c.Name)))];
    }

    private static async Task<(IEngine Engine, ContainerDetails Container)> FindAsync(
        ContainerReference reference, IReadOnlyList<IEngine> asked, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(asked.Select(e => FindAsync(e, reference, cancellationToken)));
        var found = answers.SelectMany(a => a.Found.Select(c => (a.Engine, Container: c))).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 when answers.FirstOrDefault(a => a.Failure is not null).Failure is { } failure => throw failure,
            0 => throw new ApiException(ErrorCode.ContainerNotFound, $"There is no container '{reference}'."),
            _ => throw Ambiguous(reference, found),
        };
    }

    private static async Task<(IEngine Engine, IReadOnlyList<ContainerDetails> Found, EngineException? Failure)> FindAsync(
        IEngine engine, ContainerReference reference, CancellationToken cancellationToken)
    {
        try
        {
            return (engine, [await engine.InspectContainerAsync(reference, cancellationToken)], null);
        }
        catch (EngineException e) when (e.Code == ErrorCode.ContainerNotFound)
        {
            return (engine, [], null);
        }
        catch (EngineException e) when (e.Code == ErrorCode.AmbiguousReference)
        {
            // Ambiguous on this engine. Its error does not name the candidates, so they are listed.
            var all = await engine.ListContainersAsync(new ContainerFilter(All: true), cancellationToken);
            return (engine, [.. ContainerMatch.Find(all, reference).Select(ContainerDetails.Of)], e);
        }
        catch (EngineException e)
        {
            return (engine, [], e);
        }
    }

    private static ApiException Ambiguous(ContainerReference reference, List<(IEngine Engine, ContainerDetails Container)> found)
    {
        var candidates = found.Take(MaxCandidates).ToList();
        var text = string.Join(", ", candidates.Select(f => $"{new ShortId(f.Container.Id)} ({f.Container.Name} on {f.Engine.Name})"))
            + (found.Count > MaxCandidates ? $" and {found.Count - MaxCandidates} more" : "");
        return new ApiException(ErrorCode.AmbiguousReference, $"'{reference}' is ambiguous. It matches {text}.")
        {
            Extensions = new Dictionary<string, object?>
            {
                ["matches"] = candidates.Select(f => new { engine = f.Engine.Name, id = f.Container.Id, name = f.Container.Name }).ToList(),
            },
        };
    }
}
