using System.Collections.Concurrent;
using ContainerApi.Api;

namespace ContainerApi.Containers;

/// <summary>What one sweep found, and its renderings: each is made once, however many ask for it.</summary>
internal sealed class ContainerCollection(ContainerList list)
{
    /// <summary>More forms of one sweep than this are made anew each time.</summary>
    private const int MostRenderings = 8;

    private readonly ConcurrentDictionary<string, Lazy<RenderedBody>> _renderings = new();

    public ContainerList List { get; } = list;

    public RenderedBody Render(string form, Func<ContainerList, RenderedBody> render)
    {
        if (_renderings.TryGetValue(form, out var made))
        {
            return made.Value;
        }

        return _renderings.Count < MostRenderings
            ? _renderings.GetOrAdd(form, _ => new Lazy<RenderedBody>(() => render(List))).Value
            : render(List);
    }
}
