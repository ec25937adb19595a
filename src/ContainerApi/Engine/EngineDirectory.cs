namespace ContainerApi.Engine;

/// <summary>The engines that one caller sees, in the order of the configuration.</summary>
/// <param name="defaultEngine">The name of the engine of writes that name none (<c>DefaultEngine</c>); null for none.</param>
internal sealed class EngineDirectory(IEnumerable<IEngine> engines, string? defaultEngine = null)
{
    public IReadOnlyList<IEngine> All { get; } = [.. engines];

    public string? DefaultEngine => defaultEngine;

    /// <exception cref="EngineException">No such engine.</exception>
    public IEngine Get(EngineName name) => All.FirstOrDefault(e => e.Name == name.Value)
        ?? throw new EngineException(ErrorCode.EngineNotFound, name.Value, $"There is no engine '{name}'.");

    /// <summary>Returns the engines that a read asks: the named one, or all.</summary>
    /// <exception cref="EngineException">No such engine.</exception>
    public IReadOnlyList<IEngine> ForRead(EngineName? name) => name is null ? All : [Get(name)];

    /// <summary>Returns the engines that a list asks: the named ones, each once, or all where none is named.</summary>
    /// <exception cref="EngineException">No such engine.</exception>
    public IReadOnlyList<IEngine> ForRead(IReadOnlyList<EngineName> names) => names.Count == 0 ? All : [.. names.Distinct().Select(Get)];

    /// <summary>
    /// Returns the engine of a write: the named one, the only one, or the default. A search would find another engine's container or image
    /// while an engine is unreachable.
    /// </summary>
    /// <exception cref="ApiException">No such engine, or several without a default.</exception>
    public IEngine ForWrite(EngineName? name) => name is not null ? Get(name)
        : All.Count == 1 ? All[0]
        : All.FirstOrDefault(e => e.Name == defaultEngine) ?? throw NoEngine();

    /// <summary>Returns the address of an object on an engine, which names the engine where there are several.</summary>
    public string AddressOf(string path, string engine) => All.Count > 1 ? $"{path}?engine={Uri.EscapeDataString(engine)}" : path;

    private ApiException NoEngine()
    {
        if (All.Count == 0)
        {
            return new EngineException(ErrorCode.EngineNotFound, "", "There is no engine.");
        }

        return EngineRequired(All.Select(e => e.Name));
    }

    /// <summary>A change names none of several engines.</summary>
    public static ApiException EngineRequired(IEnumerable<string> names)
    {
        var message = $"is required, because there are several engines. Allowed engines: {string.Join(", ", names)}.";
        return new ApiException(ErrorCode.EngineRequired, "engine " + message, new Dictionary<string, string[]> { ["engine"] = [message] });
    }
}

/// <summary>All engines of this service, for work that no caller started.</summary>
internal sealed record ConfiguredEngines(EngineDirectory Directory)
{
    public IReadOnlyList<IEngine> All => Directory.All;
}
