namespace ContainerApi.Engine;

/// <summary>Matches a reference against listed containers.</summary>
internal static class ContainerMatch
{
    /// <summary>By the engine's own precedence (moby <c>daemon.GetContainer</c>): the full id, then the name, then id prefixes.</summary>
    public static IReadOnlyList<ContainerFacts> Find(IReadOnlyList<ContainerFacts> containers, ContainerReference reference)
    {
        var exact = containers.FirstOrDefault(c => c.Id == reference.Value) ?? containers.FirstOrDefault(c => c.Name == reference.Value);
        return exact is not null ? [exact] : [.. containers.Where(c => c.Id.StartsWith(reference.Value, StringComparison.Ordinal))];
    }
}
