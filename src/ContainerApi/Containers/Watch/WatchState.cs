using System.Collections.Immutable;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>All containers of all engines at one moment. Immutable, because many watchers read it.</summary>
/// <param name="Version">Increases with every state of one <see cref="WatchHub"/>.</param>
/// <param name="Sampled">The version of the last state with newly read sections.</param>
/// <param name="Selected">The containers that match each selection, by <see cref="WatchSelection.Key"/>.</param>
internal sealed record WatchState(
    string Epoch, long Version, long Sampled, DateTimeOffset At,
    ImmutableDictionary<(string Engine, string Id), ContainerRow> Containers,
    ImmutableSortedDictionary<string, EngineReport> Engines,
    ImmutableDictionary<string, ImmutableHashSet<(string Engine, string Id)>> Selected)
{
    /// <summary>The <c>seq</c> of the state's last event: the run of the service and the version.</summary>
    public string EventId => string.Create(CultureInfo.InvariantCulture, $"{Epoch}-{Version}");

    /// <summary>Whether the engines have evaluated the selections for this state.</summary>
    public bool Evaluated(IReadOnlyList<WatchSelection> selections) => selections.All(s => Selected.ContainsKey(s.Key));

    public bool IsSelected(WatchSelection selection, string engine, string id) =>
        Selected.TryGetValue(selection.Key, out var those) && those.Contains((engine, id));

    public static WatchState Empty(string epoch) => new(epoch, 0, 0, default,
        ImmutableDictionary<(string, string), ContainerRow>.Empty, ImmutableSortedDictionary<string, EngineReport>.Empty, WatchSelections.None);

    /// <summary>
    /// The state after a collection. Containers of an engine that did not answer stay as last seen. A collection without
    /// sections keeps the known sections of containers whose state did not change.
    /// </summary>
    public WatchState After(ContainerCollection collection, ContainerSections read, DateTimeOffset at)
    {
        var answered = collection.Engines.Where(e => e.State == EngineStates.Ok).Select(e => e.Name).ToHashSet();
        var containers = Containers.ToBuilder();
        containers.RemoveRange(Containers.Keys.Where(k => answered.Contains(k.Engine)).Except(collection.Rows.Select(c => (c.Engine, c.Id))));
        foreach (var container in collection.Rows)
        {
            var key = (container.Engine, container.Id);
            var keeps = read == ContainerSections.None && Containers.TryGetValue(key, out var known) && known.Facts.State == container.Facts.State;
            containers[key] = keeps ? Containers[key] with { Facts = container.Facts } : container;
        }

        return this with
        {
            Version = Version + 1,
            Sampled = read == ContainerSections.None ? Sampled : Version + 1,
            At = at,
            Containers = containers.ToImmutable(),
            Engines = collection.Engines.ToImmutableSortedDictionary(e => e.Name, e => e, StringComparer.Ordinal),
        };
    }

    /// <summary>
    /// The state for the history, without sections: they are most of its size. Unchanged containers are shared with
    /// <paramref name="earlier"/>.
    /// </summary>
    public WatchState Bare(WatchState? earlier)
    {
        var containers = (earlier?.Containers ?? Containers.Clear()).ToBuilder();
        containers.RemoveRange(containers.Keys.Where(k => !Containers.ContainsKey(k)).ToList());
        foreach (var (key, now) in Containers)
        {
            if (!containers.TryGetValue(key, out var then) || !WatchDifference.SameFacts(then.Facts, now.Facts))
            {
                containers[key] = now.Only(ContainerSections.None);
            }
        }

        return this with { Containers = containers.ToImmutable() };
    }
}
