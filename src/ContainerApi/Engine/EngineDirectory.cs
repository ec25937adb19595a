namespace ContainerApi.Engine;

/// <summary>The engines that one caller sees, in the order of the configuration.</summary>
internal sealed class EngineDirectory(IEnumerable<IEngine> engines)
{
    public IReadOnlyList<IEngine> All { get; } = [.. engines];

    /// <summary>Returns the engine with this name, or the first for null.</summary>
    /// <exception cref="EngineException">No such engine, or no engine at all.</exception>
    public IEngine Get(EngineName? name) => All.FirstOrDefault(e => name is null || e.Name == name.Value)
        ?? throw new EngineException(
            ErrorCode.EngineNotFound, name?.Value ?? "", name is null ? "There is no engine." : $"There is no engine '{name}'.");
}

/// <summary>All engines of this service, for work that no caller started.</summary>
internal sealed record ConfiguredEngines(EngineDirectory Directory)
{
    public IReadOnlyList<IEngine> All => Directory.All;
}
