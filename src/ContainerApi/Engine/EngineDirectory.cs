namespace ContainerApi.Engine;

/// <summary>The engines of this service by name, in the order of the configuration.</summary>
internal sealed class EngineDirectory(IEnumerable<IEngine> engines)
{
    public IReadOnlyList<IEngine> All { get; } = [.. engines];

    /// <summary>The engine of this name; without one the first, which is meant where a request names none.</summary>
    /// <exception cref="EngineException">There is none of this name.</exception>
    public IEngine Get(string? name) => name is null
        ? All[0]
        : All.FirstOrDefault(e => e.Name == name)
            ?? throw new EngineException(EngineErrorKind.EngineNotFound, name, $"There is no engine '{name}'.");
}
