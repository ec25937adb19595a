using ContainerApi.Engine;

namespace ContainerApi.Access;

/// <summary>What one caller may see: engines, containers and builds. Everything else does not exist for the caller.</summary>
/// <param name="Engines">Names of engines; empty for all.</param>
/// <param name="Labels"><c>name</c> or <c>name=value</c>, all of which a visible container has; empty for all containers.</param>
/// <param name="Owner">The caller's name; null for an anonymous caller.</param>
internal sealed record Visibility(IReadOnlyList<string> Engines, IReadOnlyList<string> Labels, string? Owner)
{
    public static readonly Visibility All = new([], [], null);

    public bool IncludesAllContainers => Labels.Count == 0;

    /// <summary>Equal for callers who see the same containers, so that they may share a collection.</summary>
    public string Key => $"{string.Join(',', Engines)};{string.Join(',', Labels.Select(l => $"{l.Length}:{l}"))}";

    public bool IncludesEngine(string engine) => Engines.Count == 0 || Engines.Contains(engine);

    public bool IncludesContainer(IReadOnlyDictionary<string, string> labels) => LabelSelector.Matches(Labels, labels);

    /// <summary>Builds have no labels: a caller limited to labels sees its own builds.</summary>
    public bool IncludesBuild(string engine, string? startedBy) =>
        IncludesEngine(engine) && (IncludesAllContainers || (Owner is not null && startedBy == Owner));

    /// <summary>The visible engines, which show the visible containers only.</summary>
    public EngineDirectory Scope(EngineDirectory directory) => Engines.Count == 0 && IncludesAllContainers
        ? directory
        : new(directory.All.Where(e => IncludesEngine(e.Name)).Select(e => IncludesAllContainers ? e : new ScopedEngine(e, this)));
}
