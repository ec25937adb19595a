using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Api;
using ContainerApi.Containers;
using ContainerApi.Containers.Watch;
using Microsoft.Extensions.Logging.Abstractions;

namespace ContainerApi.Tests.Containers.Watch;

/// <summary>A watch of one fake engine. The test sets its containers and sends its events.</summary>
internal sealed class WatchStage
{
    public static readonly TimeSpan EventTimeout = TimeSpan.FromSeconds(20);

    private readonly WatchHub _hub;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _subscribed = new();
    private readonly TaskCompletionSource _unsubscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Channel<ContainerEvent> _events = Channel.CreateUnbounded<ContainerEvent>();
    private volatile IReadOnlyList<ContainerFacts>? _containers = [Facts.Container('1')];
    private int _subscriptions;
    private int _lists;

    public WatchStage(TimeProvider? time = null)
    {
        _time = time ??= TimeProvider.System;
        Engine = Facts.Engine();
        Engine.ListContainers = (_, _) =>
        {
            Interlocked.Increment(ref _lists);
            return _containers is { } all ? Task.FromResult(all) : throw Unavailable();
        };
        Engine.WatchContainers = token => EventsAsync(token);
        var reader = new SectionReader(time, new CollectionLimits());
        var collector = new ContainerCollector(reader, new RateHistory(time), NullLogger<ContainerCollector>.Instance);
        _hub = new WatchHub(new ConfiguredEngines(new EngineDirectory([Engine])), collector, time);
    }

    public FakeEngine Engine { get; }
    public Task SubscribedTo => _subscribed.Task;
    public Task Unsubscribed => _unsubscribed.Task;
    public int Subscriptions => _subscriptions;
    public int Lists => _lists;

    public IAsyncEnumerator<WatchEvent> Watch(WatchView view, TimeSpan? interval = null, string? lastEventId = null) =>
        _hub.WatchAsync(view, interval ?? TimeSpan.FromSeconds(1), lastEventId, CancellationToken.None)
            .WithHeartbeats(WatchHeartbeat.Create(_time)).GetAsyncEnumerator();

    /// <summary>Changes the list without an event.</summary>
    public void Show(IReadOnlyList<ContainerFacts> containers) => _containers = containers;

    public void Send(string action, IReadOnlyList<ContainerFacts> containers)
    {
        _containers = containers;
        _events.Writer.TryWrite(new ContainerEvent(Facts.Id('1'), action, default));
    }

    public void Disconnect()
    {
        _containers = null;
        _events.Writer.Complete(Unavailable());
    }

    public void Reconnect(IReadOnlyList<ContainerFacts> containers)
    {
        _events = Channel.CreateUnbounded<ContainerEvent>();
        _containers = containers;
    }

    public async IAsyncEnumerable<ContainerEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken, Task? before = null)
    {
        Interlocked.Increment(ref _subscriptions);
        _subscribed.TrySetResult();
        if (before is not null)
        {
            await before;
        }

        if (_containers is null)
        {
            throw Unavailable();
        }

        yield return ContainerEvent.Subscribed;
        try
        {
            await foreach (var happened in _events.Reader.ReadAllAsync(cancellationToken))
            {
                yield return happened;
            }
        }
        finally
        {
            _unsubscribed.TrySetResult();
        }
    }

    private static EngineException Unavailable() => new(ErrorCode.EngineUnavailable, "local", "The engine cannot be reached: connection refused.");

    /// <summary>The next event, which must be of this type.</summary>
    public static async Task<T> NextAsync<T>(IAsyncEnumerator<WatchEvent> watcher) where T : WatchEvent
    {
        Assert.True(await watcher.MoveNextAsync().AsTask().WaitAsync(EventTimeout), "The stream ended.");
        return Assert.IsType<T>(watcher.Current);
    }
}
