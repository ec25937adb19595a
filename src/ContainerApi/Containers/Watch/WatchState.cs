using System.Collections.Immutable;
using System.Globalization;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>All containers of all engines at one moment. Immutable: many watchers read it, each at its own speed.</summary>
/// <param name="Version">Counts up with every new state of one <see cref="WatchHub"/>.</param>
internal sealed record WatchState(
    string Epoch, long Version, DateTimeOffset At,
    ImmutableDictionary<(string Engine, string Id), ContainerPicture> Containers,
    ImmutableSortedDictionary<string, EngineReport> Engines)
{
    /// <summary>What <c>Last-Event-ID</c> carries: the run of the service, and the version.</summary>
    public string EventId => string.Create(CultureInfo.InvariantCulture, $"{Epoch}-{Version}");

    public static WatchState Empty(string epoch) => new(epoch, 0, default,
        ImmutableDictionary<(string, string), ContainerPicture>.Empty, ImmutableSortedDictionary<string, EngineReport>.Empty);

    /// <summary>
    /// The state after a sweep. Containers of an engine that did not answer stay as last seen. A sweep that read no sections
    /// keeps the known ones of containers whose state is the same.
    /// </summary>
    public WatchState After(ContainerList sweep, PictureSections read, DateTimeOffset at)
    {
        var answered = sweep.Engines.Where(e => e.State == EngineStates.Ok).Select(e => e.Name).ToHashSet();
        var containers = Containers.ToBuilder();
        containers.RemoveRange(Containers.Keys.Where(k => answered.Contains(k.Engine))
            .Except(sweep.Items.Select(c => (c.Engine, c.Id))));
        foreach (var container in sweep.Items)
        {
            var key = (container.Engine, container.Id);
            containers[key] = read == PictureSections.None && containers.TryGetValue(key, out var known) && known.State == container.State
                ? container with { Processes = known.Processes, Network = known.Network, Usage = known.Usage }
                : container;
        }

        return this with
        {
            Version = Version + 1,
            At = at,
            Containers = containers.ToImmutable(),
            Engines = sweep.Engines.ToImmutableSortedDictionary(e => e.Name, e => e, StringComparer.Ordinal),
        };
    }
}
