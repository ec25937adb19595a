namespace ContainerApi.Stubs;

/// <summary>The containers of the stub, newest first as the engine lists them. Thread-safe.</summary>
public sealed class StubContainers
{
    private readonly Lock _lock = new();
    private readonly List<StubContainer> _containers = [];
    private readonly Dictionary<string, StubContainer> _byId = [];

    public IReadOnlyList<StubContainer> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _containers];
            }
        }
    }

    public StubContainer Add(StubContainer container)
    {
        lock (_lock)
        {
            _containers.Insert(0, container);
            _byId[container.Id] = container;
        }

        return container;
    }

    /// <summary>Removes a container without an event, like a removal between two calls.</summary>
    public bool Remove(StubContainer container)
    {
        lock (_lock)
        {
            return _byId.Remove(container.Id) && _containers.Remove(container);
        }
    }

    /// <summary>Finds containers by full id, name, or id prefix: none, one, or several for an ambiguous prefix.</summary>
    public IReadOnlyList<StubContainer> Find(string reference)
    {
        lock (_lock)
        {
            var exact = _byId.GetValueOrDefault(reference) ?? _containers.FirstOrDefault(c => c.Name == reference);
            return exact is not null ? [exact] : [.. _containers.Where(c => c.Id.StartsWith(reference, StringComparison.Ordinal)).Take(2)];
        }
    }
}
