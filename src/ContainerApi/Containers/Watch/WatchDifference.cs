using ContainerApi.Access;

namespace ContainerApi.Containers.Watch;

/// <summary>Pure: the events that take a watcher from one state to another.</summary>
internal static class WatchDifference
{
    /// <param name="view">The containers, engines and sections that the watcher sees.</param>
    public static WatchSnapshot Snapshot(WatchState state, WatchView view) => new(
        [
            .. state.Containers.Values.Where(c => view.Sees(state, c))
                .OrderBy(c => c.Engine, StringComparer.Ordinal).ThenByDescending(c => c.Facts.CreatedAt).ThenBy(c => c.Id, StringComparer.Ordinal)
                .Select(c => view.ToContainer(c, state)),
        ],
        [.. state.Engines.Values.Where(e => view.Sees(e.Name)).Select(e => view.Cut(e, state))])
    {
        Seq = state.EventId,
        At = state.At,
    };

    /// <param name="samples">Whether to report new sections of otherwise unchanged containers.</param>
    public static IEnumerable<WatchEvent> Between(WatchState before, WatchState after, WatchView view, bool samples)
    {
        foreach (var engine in after.Engines.Values.Where(e => view.Sees(e.Name)))
        {
            if (!before.Engines.TryGetValue(engine.Name, out var known) || known.State != engine.State || known.ApiVersion != engine.ApiVersion)
            {
                yield return new WatchEngine(view.Cut(engine, after)) { Seq = after.EventId, At = after.At };
            }
        }

        foreach (var (key, gone) in before.Containers)
        {
            if (view.Sees(before, gone) && !(after.Containers.TryGetValue(key, out var now) && view.Sees(after, now)))
            {
                yield return new WatchRemoved(gone.Engine, gone.Id, gone.Facts.Name) { Seq = after.EventId, At = after.At };
            }
        }

        var sampled = new List<ContainerSample>();
        foreach (var (key, now) in after.Containers)
        {
            if (!view.Sees(after, now))
            {
                continue;
            }

            if (!before.Containers.TryGetValue(key, out var then) || !view.Sees(before, then))
            {
                yield return new WatchAdded(view.ToContainer(now, after)) { Seq = after.EventId, At = after.At };
            }
            else if (!SameFacts(then.Facts, now.Facts))
            {
                yield return new WatchChanged(view.ToContainer(now, after)) { Seq = after.EventId, At = after.At };
            }
            else if (samples && !SameSections(then, now, view.Sections))
            {
                sampled.Add(Sample(view.Cut(now, after)));
            }
        }

        if (sampled.Count > 0)
        {
            yield return new WatchSample(sampled) { Seq = after.EventId, At = after.At };
        }
    }

    /// <summary>Gives all events but the last the position of the state before: a watcher that has only some of them gets all again.</summary>
    public static IEnumerable<WatchEvent> Resumable(IEnumerable<WatchEvent> events, WatchState before)
    {
        WatchEvent? previous = null;
        foreach (var happened in events)
        {
            if (previous is not null)
            {
                yield return previous with { Seq = before.EventId };
            }

            previous = happened;
        }

        if (previous is not null)
        {
            yield return previous;
        }
    }

    /// <summary>Whether both states have the same, unchanged containers.</summary>
    public static bool SameFacts(WatchState a, WatchState b) =>
        a.Containers.Count == b.Containers.Count
        && a.Containers.All(c => b.Containers.TryGetValue(c.Key, out var other) && SameFacts(c.Value.Facts, other.Facts));

    /// <summary>Ignores the status text: it changes with time alone and otherwise repeats the state.</summary>
    public static bool SameFacts(ContainerFacts a, ContainerFacts b) =>
        a.State == b.State && a.Name == b.Name && a.Health == b.Health && a.Image == b.Image && a.ImageId == b.ImageId && a.Node == b.Node
        && a.Aliases.SequenceEqual(b.Aliases) && a.Networks.SequenceEqual(b.Networks) && a.Ports.SequenceEqual(b.Ports)
        && a.Labels.Count == b.Labels.Count && a.Labels.All(l => b.Labels.TryGetValue(l.Key, out var value) && value == l.Value);

    private static bool SameSections(ContainerRow a, ContainerRow b, ContainerSections sections) =>
        (!sections.HasFlag(ContainerSections.Processes) || ReferenceEquals(a.Processes, b.Processes))
        && (!sections.HasFlag(ContainerSections.Network) || ReferenceEquals(a.Network, b.Network))
        && (!sections.HasFlag(ContainerSections.Usage) || ReferenceEquals(a.Usage, b.Usage))
        && (!sections.HasFlag(ContainerSections.Details) || ReferenceEquals(a.Details, b.Details))
        && (!sections.HasFlag(ContainerSections.Size) || ReferenceEquals(a.Size, b.Size));

    private static ContainerSample Sample(ContainerRow row) =>
        new(row.Engine, row.Id, row.Facts.Status, row.Processes, row.Network, row.Usage, row.Details, row.Size);
}

/// <summary>What one watcher sees.</summary>
/// <param name="Matches">Whether a container matches the filters.</param>
/// <param name="Engines">Names; null for all.</param>
/// <param name="Selection">The filters that only the engine can evaluate, or null.</param>
internal sealed record WatchView(
    Func<ContainerFacts, bool> Matches, IReadOnlyList<string>? Engines, ContainerSections Sections, WatchSelection? Selection = null)
{
    /// <summary>The view of a caller on the containers of a selection.</summary>
    public static WatchView Of(ContainerSelection selection, ContainerSections sections, Caller caller, ContainerRedactor redactor)
    {
        // The engine's own list without "all" has these states.
        bool Matches(ContainerFacts container) => selection.Matches(container)
            && (selection.IncludesStopped || container.State is ContainerStates.Running or ContainerStates.Paused or ContainerStates.Restarting);

        return new(
            // Only labels are both filtered and redacted.
            selection.ReadsLabels && redactor.OfFacts(caller) is { } redact ? c => Matches(redact(c)) : Matches,
            selection.Engine.Count > 0 ? [.. selection.Engine.Select(e => e.Value)] : caller.Visibility.Engines,
            sections,
            WatchSelection.Of(selection))
        {
            Visible = WatchSelection.Of(caller.Visibility),
            Redact = redactor.For(caller),
        };
    }

    /// <summary>The containers that the watcher may see; null for all.</summary>
    public WatchSelection? Visible { get; init; }

    public IReadOnlyList<WatchSelection> Selections => [.. new[] { Selection, Visible }.OfType<WatchSelection>()];

    /// <summary>Redacts secrets that the watcher may not read.</summary>
    public Func<ContainerRow, ContainerRow> Redact { get; init; } = r => r;

    public bool Sees(WatchState state, ContainerRow container) =>
        Sees(container.Engine) && Matches(container.Facts) && Selections.All(s => state.IsSelected(s, container.Engine, container.Id));

    public bool Sees(string engine) => Engines is null || Engines.Contains(engine);

    /// <summary>Without the sections that the watcher did not ask for, and without values that it may not see.</summary>
    public ContainerRow Cut(ContainerRow container, WatchState state)
    {
        var cut = container.Only(Sections);
        return Redact(Visible is null ? cut : WithoutPeers(cut, state, Visible));
    }

    public Container ToContainer(ContainerRow container, WatchState state) => ContainerProjection.ToContainer(Cut(container, state));

    /// <summary>Counts only the containers that the watcher may see.</summary>
    public EngineReport Cut(EngineReport engine, WatchState state) => Visible is null || engine.Containers is null
        ? engine
        : engine with { Containers = state.Containers.Values.Count(c => c.Engine == engine.Name && state.IsSelected(Visible, c.Engine, c.Id)) };

    private static ContainerRow WithoutPeers(ContainerRow container, WatchState state, WatchSelection visible)
    {
        var facts = container.Facts.WithoutPeers(peer => state.IsSelected(visible, container.Engine, peer));
        return container with
        {
            Facts = facts,
            Network = SharedNetwork.PeerOf(facts) is "" && container.Network is { } network ? network with { SharedWith = null } : container.Network,
        };
    }
}
