using ContainerApi.Cluster;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>What the replicas of one merged watch have reported.</summary>
internal sealed class MergedState
{
    private readonly Dictionary<(string Engine, string Id), Container> _containers = [];
    private readonly SortedDictionary<string, EngineReport> _engines = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _sources = [];

    public WatchSnapshot ToSnapshot() => new(
        [
            .. _containers.Values.OrderBy(c => c.Engine, StringComparer.Ordinal).ThenByDescending(c => c.CreatedAt)
                .ThenBy(c => c.Id, StringComparer.Ordinal),
        ],
        [.. _engines.Values.Select(e => e.Containers is null ? e : e with { Containers = _containers.Keys.Count(k => k.Engine == e.Name) })]);

    /// <summary>Returns the events for watchers, which have the state before.</summary>
    /// <param name="source">The replica that reports the event.</param>
    public IReadOnlyList<WatchEvent> Apply(string source, WatchEvent happened)
    {
        switch (happened)
        {
            case WatchSnapshot snapshot:
                return Difference(source, snapshot);
            case WatchMissing missing:
                // An engine may have another replica meanwhile, and the replica another name.
                var names = missing.Names.Where(n => _sources.GetValueOrDefault(n, source) == source).Union(EnginesOf(source)).ToList();
                return Report(names.Select(n => ContainerMerge.ReportOf(
                    new MissingEngine(n, source, missing.State, missing.Error, missing.Since, missing.Node))));
            case WatchEngine engine:
                return Report([engine.Engine]);
            case WatchAdded { Container: var added }:
                _containers[(added.Engine, added.Id)] = added;
                break;
            case WatchChanged { Container: var changed }:
                _containers[(changed.Engine, changed.Id)] = changed;
                break;
            case WatchRemoved removed:
                _containers.Remove((removed.Engine, removed.ContainerId));
                break;
            case WatchSample { Items: var samples }:
                foreach (var sample in samples.Where(s => _containers.ContainsKey((s.Engine, s.ContainerId))))
                {
                    Sample(sample);
                }

                break;
        }

        return [happened];
    }

    /// <summary>Forgets the engines of a replica that left the cluster. There is no event for that: watchers get a snapshot.</summary>
    public IReadOnlyList<WatchEvent> Forget(string source)
    {
        // Before its first answer the address of a replica stands for its engines.
        var isChanged = false;
        foreach (var engine in EnginesOf(source).Append(source).ToList())
        {
            isChanged |= Remove(engine);
        }

        return isChanged ? [ToSnapshot()] : [];
    }

    private IReadOnlyList<WatchEvent> Difference(string source, WatchSnapshot snapshot)
    {
        var engines = snapshot.Engines.Select(e => e.Name).ToHashSet();
        // Another replica may have the address now.
        var isOther = false;
        foreach (var other in EnginesOf(source).Append(source).Where(e => !engines.Contains(e)).ToList())
        {
            isOther |= Remove(other);
        }

        foreach (var engine in engines)
        {
            _sources[engine] = source;
        }

        var now = snapshot.Items.Select(c => (c.Engine, c.Id)).ToHashSet();
        var gone = _containers.Where(c => engines.Contains(c.Key.Engine) && !now.Contains(c.Key)).ToList();
        List<WatchEvent> events =
        [
            .. Report(snapshot.Engines), .. gone.Select(c => new WatchRemoved(c.Key.Engine, c.Key.Id, c.Value.Name)),
            .. snapshot.Items.Select(c => _containers.ContainsKey((c.Engine, c.Id)) ? (WatchEvent)new WatchChanged(c) : new WatchAdded(c)),
        ];
        gone.ForEach(c => _containers.Remove(c.Key));
        foreach (var container in snapshot.Items)
        {
            _containers[(container.Engine, container.Id)] = container;
        }

        return isOther ? [ToSnapshot()] : events;
    }

    private IEnumerable<string> EnginesOf(string source) => _sources.Where(s => s.Value == source).Select(s => s.Key);

    private bool Remove(string engine)
    {
        foreach (var gone in _containers.Keys.Where(k => k.Engine == engine).ToList())
        {
            _containers.Remove(gone);
        }

        _sources.Remove(engine);
        return _engines.Remove(engine);
    }

    /// <summary>Only changes of the state are events.</summary>
    private List<WatchEvent> Report(IEnumerable<EngineReport> reports)
    {
        List<WatchEvent> events = [];
        foreach (var report in reports)
        {
            if (!_engines.TryGetValue(report.Name, out var known) || known.State != report.State || known.ApiVersion != report.ApiVersion)
            {
                events.Add(new WatchEngine(report));
            }

            _engines[report.Name] = report;
        }

        return events;
    }

    private void Sample(ContainerSample sample)
    {
        var known = _containers[(sample.Engine, sample.ContainerId)];
        _containers[(sample.Engine, sample.ContainerId)] = known with
        {
            Status = sample.Status,
            Processes = sample.Processes ?? known.Processes,
            Network = sample.Network ?? known.Network,
            Usage = sample.Usage ?? known.Usage,
            Details = sample.Details ?? known.Details,
            Size = sample.Size ?? known.Size,
        };
    }
}

/// <summary>A replica whose stream could not be read.</summary>
/// <param name="Names">The engines that it is known to have.</param>
/// <param name="Node">Its node of a Swarm; null if unknown.</param>
internal sealed record WatchMissing(
    IReadOnlyList<string> Names, string State, ErrorInfo Error, DateTimeOffset? Since, SwarmNode? Node = null) : WatchEvent;
