using System.Collections.Immutable;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>
/// What a watcher wants to know of containers that only their engine can tell: whether their image descends from another
/// one, whether they are in the network of an id, what the health of a paused one is. The engine is asked as the list asks it.
/// </summary>
/// <param name="Key">Equal for watchers that ask the same.</param>
internal sealed record WatchSelection(string Key, ContainerFilter Filter)
{
    /// <summary>Null where the list tells all that the request depends on.</summary>
    public static WatchSelection? Of(ContainerRequest request)
    {
        var question = new ContainerRequest { All = true, Healths = request.Healths, Image = request.Image, Network = request.Network };
        return question.ToFilter() is { Filters.Count: > 0 } filter ? new WatchSelection(question.Key(), filter) : null;
    }
}

/// <summary>The containers that questions are answered with, by the question's key.</summary>
internal sealed class WatchSelections(EngineDirectory engines)
{
    public static readonly ImmutableDictionary<string, ImmutableHashSet<(string Engine, string Id)>> None =
        ImmutableDictionary<string, ImmutableHashSet<(string Engine, string Id)>>.Empty;

    private volatile bool _whole = true;

    /// <summary>
    /// Asks every engine that has answered the list. Where the list is as it was, what was answered before still holds, and
    /// nobody is asked again.
    /// </summary>
    /// <returns>The answers, and whether they are whole: an engine that fails meanwhile keeps those that it gave before.</returns>
    public async Task<(ImmutableDictionary<string, ImmutableHashSet<(string Engine, string Id)>> Answers, bool Whole)> AskAsync(
        IReadOnlyCollection<WatchSelection> questions, WatchState before, WatchState after, CancellationToken cancellationToken)
    {
        // One that failed to answer has not answered for this list.
        var changed = !_whole || !WatchDifference.SameFacts(before, after);
        var whole = true;
        var answers = None.ToBuilder();
        foreach (var question in questions.DistinctBy(q => q.Key))
        {
            var known = before.Answers.GetValueOrDefault(question.Key);
            if (known is null || changed)
            {
                // One question after the other: many that ask different things must not cost the engine more at once than one does.
                var told = await Task.WhenAll(after.Engines.Values.Select(e => AskAsync(e, question, known, cancellationToken)));
                whole &= told.All(t => t.Answered);
                known = [.. told.SelectMany(t => t.Containers)];
            }

            answers[question.Key] = known;
        }

        _whole = whole;
        return (answers.ToImmutable(), whole);
    }

    private async Task<(IEnumerable<(string Engine, string Id)> Containers, bool Answered)> AskAsync(
        EngineReport engine, WatchSelection question, ImmutableHashSet<(string Engine, string Id)>? known, CancellationToken cancellationToken)
    {
        var before = known?.Where(c => c.Engine == engine.Name) ?? [];
        if (engine.State != EngineStates.Ok)
        {
            // Its containers stay as last seen, too; the next list that it answers is another one.
            return (before, true);
        }

        try
        {
            var containers = await engines.Get(engine.Name).ListContainersAsync(question.Filter, cancellationToken);
            return (containers.Select(c => (engine.Name, c.Id)), true);
        }
        catch (EngineException)
        {
            return (before, false);
        }
    }
}
