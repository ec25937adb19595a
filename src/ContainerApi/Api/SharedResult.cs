using System.Collections.Concurrent;

namespace ContainerApi.Api;

/// <summary>A collected value that several callers share. Each rendering of it is made once.</summary>
internal sealed class SharedResult<T>(T value)
{
    /// <summary>Further renderings are not kept.</summary>
    private const int MaxRenderings = 8;

    private readonly ConcurrentDictionary<string, Lazy<RenderedBody>> _renderings = new();

    public T Value { get; } = value;

    public RenderedBody Render(string key, Func<T, RenderedBody> render) =>
        _renderings.TryGetValue(key, out var made) ? made.Value
        : _renderings.Count < MaxRenderings ? _renderings.GetOrAdd(key, _ => new Lazy<RenderedBody>(() => render(Value))).Value
        : render(Value);
}
