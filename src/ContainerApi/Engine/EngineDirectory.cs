namespace ContainerApi.Engine;

/// <summary>Engines by name, in the order of the configuration: those that one caller sees.</summary>
internal sealed class EngineDirectory(IEnumerable<IEngine> engines)
{
    public IReadOnlyList<IEngine> All { get; } = [.. engines];

    /// <summary>The engine of this name; without one the first, which is meant where a request names none.</summary>
    /// <exception cref="EngineException">There is none of this name, or none at all.</exception>
    public IEngine Get(string? name) => All.FirstOrDefault(e => name is null || e.Name == name)
        ?? throw new EngineException(EngineErrorKind.EngineNotFound, name ?? "", name is null ? "There is no engine." : $"There is no engine '{name}'.");

    /// <summary>What somebody sees who is bound to some engines or to containers with some labels.</summary>
    /// <param name="names">Names of engines; none means all.</param>
    /// <param name="labels"><c>name</c> or <c>name=value</c>, all of which a container must have; none means all containers.</param>
    public EngineDirectory Narrow(IReadOnlyList<string> names, IReadOnlyList<string> labels) => names.Count == 0 && labels.Count == 0
        ? this
        : new(All.Where(e => names.Count == 0 || names.Contains(e.Name)).Select(e => labels.Count == 0 ? e : new ScopedEngine(e, labels)));
}

/// <summary>All engines of this service, for what it does on its own account and not for a caller.</summary>
internal sealed record ConfiguredEngines(EngineDirectory Directory)
{
    public IReadOnlyList<IEngine> All => Directory.All;
}
