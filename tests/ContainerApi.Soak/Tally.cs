using System.Collections.Concurrent;

namespace ContainerApi.Soak;

/// <summary>Counts events and failures.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<string, long> _counts = [];
    private readonly ConcurrentQueue<string> _broken = [];

    /// <summary>Broken promises; empty after a good run.</summary>
    public IReadOnlyCollection<string> Broken => _broken;

    public void Count(string what, long by = 1) => _counts.AddOrUpdate(what, by, (_, n) => n + by);

    public long Of(string what) => _counts.GetValueOrDefault(what);

    public void Break(string promise)
    {
        _broken.Enqueue(promise);
        Console.Error.WriteLine("BROKEN: " + promise);
    }
}
