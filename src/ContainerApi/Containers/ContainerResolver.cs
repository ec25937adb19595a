using ContainerApi.Api;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>Finds the one container that a name, a full id or a unique id prefix means, over all engines or one.</summary>
internal sealed class ContainerResolver(EngineDirectory engines)
{
    private const int MostCandidates = 10;

    /// <param name="reference">Validated by <see cref="Rules.ContainerReference{T}"/>.</param>
    /// <param name="engine">An engine's name, or null for all of them.</param>
    /// <exception cref="ApiException">No such container or engine; more than one container is meant (409 with the candidates).</exception>
    /// <exception cref="EngineException">An engine failed, and no other has the container.</exception>
    public async Task<(IEngine Engine, ContainerFacts Container)> FindAsync(
        string reference, string? engine, CancellationToken cancellationToken)
    {
        var asked = engine is null ? engines.All : [engines.Get(engine)];
        var answers = await Task.WhenAll(asked.Select(e => FindAsync(e, reference, cancellationToken)));
        var found = answers.SelectMany(a => a.Found.Select(c => (a.Engine, Container: c))).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 when answers.FirstOrDefault(a => a.Failure is not null).Failure is { } failure => throw failure,
            0 => throw new ApiException(ErrorCode.ContainerNotFound, $"There is no container '{reference}'."),
            _ => throw new ApiException(ErrorCode.Conflict, $"'{reference}' means more than one container: {Candidates(found)}."),
        };
    }

    private static async Task<(IEngine Engine, IReadOnlyList<ContainerFacts> Found, EngineException? Failure)> FindAsync(
        IEngine engine, string reference, CancellationToken cancellationToken)
    {
        try
        {
            var all = await engine.ListContainersAsync(new ContainerFilter(All: true), cancellationToken);
            return (engine, Match(all, reference), null);
        }
        catch (EngineException e)
        {
            return (engine, [], e);
        }
    }

    /// <summary>The engine's own order of precedence (moby <c>daemon.GetContainer</c>): the full id, then the name, then id prefixes.</summary>
    public static IReadOnlyList<ContainerFacts> Match(IReadOnlyList<ContainerFacts> containers, string reference)
    {
        var exact = containers.FirstOrDefault(c => c.Id == reference) ?? containers.FirstOrDefault(c => c.Name == reference);
        return exact is not null
            ? [exact]
            : [.. containers.Where(c => c.Id.StartsWith(reference, StringComparison.Ordinal))];
    }

    private static string Candidates(List<(IEngine Engine, ContainerFacts Container)> found) =>
        string.Join(", ", found.Take(MostCandidates).Select(f => $"{f.Container.Id[..12]} ({f.Container.Name} on {f.Engine.Name})"))
        + (found.Count > MostCandidates ? $" and {found.Count - MostCandidates} more" : "");
}
