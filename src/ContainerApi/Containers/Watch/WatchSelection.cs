using System.Collections.Immutable;
using ContainerApi.Access;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>
/// The part of a watcher's filters that only an engine can evaluate (an image's descendants, a network's id, the health of a paused
/// container), or of what the watcher may see.
/// </summary>
/// <param name="Key">Equal for equal filters.</param>
/// <param name="Visibility">Limits the containers to those that one caller may see.</param>
internal sealed record WatchSelection(string Key, ContainerFilter Filter, Visibility Visibility)
{
    /// <summary>The containers that a caller may see; null for all.</summary>
    public static WatchSelection? Of(Visibility visibility) =>
        visibility.IncludesAllContainers ? null : new WatchSelection(visibility.Key, new ContainerFilter(All: true), visibility);

    /// <summary>Null where the rows of the list suffice for the filters.</summary>
    public static WatchSelection? Of(ContainerSelection containers)
    {
        var selection = ContainerSelection.Everything with
        {
            Health = containers.Health,
            Image = containers.Image,
            Network = containers.Network,
        };
        return selection.ToFilter() is { Filters.Count: > 0 } filter ? new WatchSelection(selection.Key(), filter, Visibility.All) : null;
    }
}

/// <summary>Asks the engines which containers the selections of the watchers match.</summary>
internal sealed class WatchSelections(EngineDirectory engines)
{
    public static readonly ImmutableDictionary<string, ImmutableHashSet<(string Engine, string Id)>> None =
        ImmutableDictionary<string, ImmutableHashSet<(string Engine, string Id)>>.Empty;

    private volatile bool _wasComplete = true;

    /// <summary>Asks every engine that answered the list. Where the list did not change, the earlier result is kept.</summary>
    /// <returns>The containers by selection, and whether all engines answered: an engine that fails keeps its earlier result.</returns>
    public async Task<(ImmutableDictionary<string, ImmutableHashSet<(string Engine, string Id)>> Selected, bool IsComplete)> EvaluateAsync(
        IReadOnlyCollection<WatchSelection> selections, WatchState before, WatchState after, CancellationToken cancellationToken)
    {
        var changed = !_wasComplete || !WatchDifference.SameFacts(before, after);
        var isComplete = true;
        var selected = None.ToBuilder();
        foreach (var selection in selections.DistinctBy(s => s.Key))
        {
            var known = before.Selected.GetValueOrDefault(selection.Key);
            if (known is null || changed)
            {
                // One after the other: many different selections must not load the engine more at once than one does.
                var answers = await Task.WhenAll(after.Engines.Values.Select(e => EvaluateAsync(e, selection, known, cancellationToken)));
                isComplete &= answers.All(a => a.IsComplete);
                known = [.. answers.SelectMany(a => a.Containers)];
            }

            selected[selection.Key] = known;
        }

        _wasComplete = isComplete;
        return (selected.ToImmutable(), isComplete);
    }

    private async Task<(IEnumerable<(string Engine, string Id)> Containers, bool IsComplete)> EvaluateAsync(
        EngineReport engine, WatchSelection selection, ImmutableHashSet<(string Engine, string Id)>? known, CancellationToken cancellationToken)
    {
        var before = known?.Where(c => c.Engine == engine.Name) ?? [];
        if (engine.State != EngineStates.Ok)
        {
            // Its containers stay as last seen. Its next list differs from this one.
            return (before, true);
        }

        try
        {
            var visible = selection.Visibility.Scope(engines).All.FirstOrDefault(e => e.Name == engine.Name);
            var containers = visible is null ? [] : await visible.ListContainersAsync(selection.Filter, cancellationToken);
            return (containers.Select(c => (engine.Name, c.Id)), true);
        }
        catch (EngineException)
        {
            return (before, false);
        }
    }
}
