using System.Collections.Concurrent;

namespace ContainerApi.Soak;

/// <summary>What happened so far, counted, and what must not have happened, told.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<string, long> _counts = [];
    private readonly ConcurrentQueue<string> _broken = [];

    /// <summary>Promises that were broken; none at the end of a good run.</summary>
    public IReadOnlyCollection<string> Broken => _broken;

    public void Count(string what, long by = 1) => _counts.AddOrUpdate(what, by, (_, n) => n + by);

    public long Of(string what) => _counts.GetValueOrDefault(what);

    public void Break(string promise)
    {
        _broken.Enqueue(promise);
        Console.Error.WriteLine("BROKEN: " + promise);
    }
}
