using ContainerApi.Engine;

namespace ContainerApi.Access;

/// <summary>What one caller may see: engines, containers and builds. Everything else does not exist for the caller.</summary>
/// <param name="Engines">Names of engines; null for all, empty for none.</param>
/// <param name="Labels"><c>name</c> or <c>name=value</c>, all of which a visible container has; null for all containers, empty for none.</param>
/// <param name="Owner">The owner of the caller's builds (<see cref="Caller.Owner"/>); null for an anonymous caller.</param>
internal sealed record Visibility(IReadOnlyList<string>? Engines, IReadOnlyList<string>? Labels, string? Owner)
{
    public static readonly Visibility All = new(null, null, null);

    public bool IncludesAllContainers => Labels is null;

    /// <summary>Equal for callers who see the same containers, so that they may share a collection. As JSON, so that no two values of it
    /// have the same text.</summary>
    public string Key { get; } = JsonSerializer.Serialize<IReadOnlyList<string>?[]>([Engines, Labels]);

    public bool IncludesEngine(string engine) => Engines is null || Engines.Contains(engine);

    public bool IncludesContainer(IReadOnlyDictionary<string, string> labels) =>
        Labels is null || (Labels.Count > 0 && LabelSelector.Matches(Labels, labels));

    /// <summary>Builds have no labels: a caller limited to labels sees its own builds.</summary>
    public bool IncludesBuild(string engine, string? startedBy) =>
        IncludesEngine(engine) && (IncludesAllContainers || (Owner is not null && startedBy == Owner));

    /// <summary>The visible engines, which show the visible containers only.</summary>
    public EngineDirectory Scope(EngineDirectory directory) => Engines is null && IncludesAllContainers
        ? directory
        : new(
            directory.All.Where(e => IncludesEngine(e.Name)).Select(e => IncludesAllContainers ? e : new ScopedEngine(e, this)),
            directory.DefaultEngine);
}
