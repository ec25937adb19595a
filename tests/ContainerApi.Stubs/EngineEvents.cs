using System.Threading.Channels;

namespace ContainerApi.Stubs;

/// <summary>The event stream, sent to all listeners.</summary>
public sealed class EngineEvents
{
    private readonly Lock _lock = new();
    private readonly List<Channel<EngineEvent>> _listeners = [];

    public int Listeners
    {
        get
        {
            lock (_lock)
            {
                return _listeners.Count;
            }
        }
    }

    /// <summary>Sends an event of a container; the engine sends one for <c>top</c> too.</summary>
    public void Emit(StubContainer container, string action) =>
        Emit(new EngineEvent("container", action, container.Id, container.Image, DateTimeOffset.UtcNow,
            new Dictionary<string, string>(container.Labels) { ["image"] = container.Image, ["name"] = container.Name }));

    public void Emit(EngineEvent happened)
    {
        lock (_lock)
        {
            foreach (var listener in _listeners)
            {
                listener.Writer.TryWrite(happened);
            }
        }
    }

    internal ChannelReader<EngineEvent> Listen(CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<EngineEvent>();
        lock (_lock)
        {
            _listeners.Add(channel);
        }

        cancellationToken.Register(() =>
        {
            lock (_lock)
            {
                _listeners.Remove(channel);
            }

            channel.Writer.TryComplete();
        });
        return channel.Reader;
    }

    internal void Close()
    {
        lock (_lock)
        {
            _listeners.ForEach(l => l.Writer.TryComplete());
            _listeners.Clear();
        }
    }
}

/// <param name="From">The image; older engines return it in a separate field.</param>
public sealed record EngineEvent(
    string Type, string Action, string Id, string? From, DateTimeOffset At, IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>The line of the stream; 1.52 no longer has the fields <c>status</c>, <c>id</c> and <c>from</c>.</summary>
    internal string ToJson(Version version)
    {
        var legacy = version < new Version(1, 52)
            ? $"\"status\":{JsonSerializer.Serialize(Action)},\"id\":\"{Id}\",\"from\":{JsonSerializer.Serialize(From)},"
            : "";
        var nanoseconds = (At.Ticks - DateTimeOffset.UnixEpoch.Ticks) * 100;
        return string.Create(CultureInfo.InvariantCulture,
            $$$"""{{{{legacy}}}"Type":"{{{Type}}}","Action":{{{JsonSerializer.Serialize(Action)}}},"Actor":{"ID":"{{{Id}}}","""
            + $$$"""Attributes":{{{JsonSerializer.Serialize(Attributes)}}}},"scope":"local","""
            + $$$""""time":{{{At.ToUnixTimeSeconds()}}},"timeNano":{{{nanoseconds}}}}"""");
    }
}
