using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Api;
using ContainerApi.Containers;
using ContainerApi.Containers.Watch;
using ContainerApi.Engine;

namespace ContainerApi.Tests.Containers.Watch;

public sealed class WatchTests
{
    private static readonly WatchView Everything = new(_ => true, [], ContainerSections.None);

    [Fact]
    public async Task The_subscription_precedes_the_first_list()
    {
        var stage = new Stage();
        var released = new TaskCompletionSource();
        stage.Engine.WatchContainers = token => stage.EventsAsync(token, before: released.Task);
        await using var watcher = stage.Watch(Everything);
        var first = watcher.MoveNextAsync().AsTask();

        await stage.SubscribedTo;
        Assert.Equal(0, stage.Lists);
        released.SetResult();

        Assert.True(await first.WaitAsync(Stage.Patience));
        var snapshot = Assert.IsType<WatchSnapshot>(watcher.Current);
        Assert.Equal(Facts.Id('1'), Assert.Single(snapshot.Items).Id);
        Assert.Equal("ok", Assert.Single(snapshot.Engines).State);
    }

    [Fact]
    public async Task Changes_are_sent_as_added_changed_and_removed()
    {
        var stage = new Stage();
        await using var watcher = stage.Watch(Everything);
        await NextAsync<WatchSnapshot>(watcher);

        stage.Happens("create", [Facts.Container('1'), Facts.Container('2')]);
        Assert.Equal(Facts.Id('2'), (await NextAsync<WatchAdded>(watcher)).Container.Id);

        stage.Happens("rename", [Facts.Container('1', name: "other"), Facts.Container('2')]);
        Assert.Equal("other", (await NextAsync<WatchChanged>(watcher)).Container.Name);

        stage.Happens("destroy", [Facts.Container('2')]);
        var removed = await NextAsync<WatchRemoved>(watcher);
        Assert.Equal((Facts.Id('1'), "other"), (removed.ContainerId, removed.Name));
    }

    [Fact]
    public async Task A_change_of_the_match_is_sent_as_added_or_removed()
    {
        var stage = new Stage();
        await using var watcher = stage.Watch(Everything with { Matches = c => c.State == ContainerStates.Running });
        await NextAsync<WatchSnapshot>(watcher);

        stage.Happens("die", [Facts.Container('1', state: ContainerStates.Exited)]);
        Assert.Equal(Facts.Id('1'), (await NextAsync<WatchRemoved>(watcher)).ContainerId);

        stage.Happens("start", [Facts.Container('1')]);
        Assert.Equal(Facts.Id('1'), (await NextAsync<WatchAdded>(watcher)).Container.Id);
    }

    [Fact]
    public async Task Five_hundred_watchers_share_one_subscription()
    {
        var stage = new Stage();
        var watchers = Enumerable.Range(0, 500).Select(_ => stage.Watch(Everything)).ToList();
        await Task.WhenAll(watchers.Select(NextAsync<WatchSnapshot>));
        stage.Happens("create", [Facts.Container('1'), Facts.Container('2')]);
        await Task.WhenAll(watchers.Select(NextAsync<WatchAdded>));

        Assert.Equal(1, stage.Subscriptions);
        Assert.InRange(stage.Lists, 2, 4);
        foreach (var watcher in watchers)
        {
            await watcher.DisposeAsync();
        }

        await stage.Unsubscribed.WaitAsync(Stage.Patience);
    }

    [Fact]
    public async Task A_slow_reader_gets_only_the_newest_state()
    {
        var stage = new Stage();
        await using var slow = stage.Watch(Everything);
        await using var quick = stage.Watch(Everything);
        await NextAsync<WatchSnapshot>(slow);
        await NextAsync<WatchSnapshot>(quick);

        for (var n = 0; n < 20; n++)
        {
            stage.Happens("rename", [Facts.Container('1', name: "name" + n)]);
            Assert.Equal("name" + n, (await NextAsync<WatchChanged>(quick)).Container.Name);
        }

        Assert.Equal("name19", (await NextAsync<WatchChanged>(slow)).Container.Name);
    }

    [Fact]
    public async Task A_resumed_watch_gets_missed_events()
    {
        var stage = new Stage();
        await using var stays = stage.Watch(Everything);
        var snapshot = await NextAsync<WatchSnapshot>(stays);
        stage.Happens("create", [Facts.Container('1'), Facts.Container('2')]);
        await NextAsync<WatchAdded>(stays);

        await using var resumes = stage.Watch(Everything, lastEventId: snapshot.Id);
        Assert.Equal(Facts.Id('2'), (await NextAsync<WatchAdded>(resumes)).Container.Id);

        await using var stranger = stage.Watch(Everything, lastEventId: "elsewhere-7");
        Assert.Equal(2, (await NextAsync<WatchSnapshot>(stranger)).Items.Count);
    }

    [Fact]
    public async Task Containers_of_an_unreachable_engine_stay()
    {
        var stage = new Stage();
        await using var watcher = stage.Watch(Everything);
        await NextAsync<WatchSnapshot>(watcher);

        stage.GoesAway();
        var gone = await NextAsync<WatchEngine>(watcher);
        Assert.Equal("unavailable", gone.Engine.State);

        stage.ComesBack([Facts.Container('1'), Facts.Container('2')]);
        Assert.Equal("ok", (await NextAsync<WatchEngine>(watcher)).Engine.State);
        Assert.Equal(Facts.Id('2'), (await NextAsync<WatchAdded>(watcher)).Container.Id);
    }

    [Fact]
    public async Task Every_sample_is_sent_and_read_once()
    {
        var stage = new Stage();
        var received = 1000L;
        stage.Engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics(received: Interlocked.Add(ref received, 500)));
        await using var watcher = stage.Watch(Everything with { Sections = ContainerSections.Network }, TimeSpan.FromSeconds(1));
        var last = Assert.Single((await NextAsync<WatchSnapshot>(watcher)).Items).Network!.RxBytes;

        for (var n = 0; n < 3; n++)
        {
            var sample = Assert.Single((await NextAsync<WatchSample>(watcher)).Items).Network!.RxBytes;
            Assert.Equal(last + 500, sample);
            last = sample;
        }

        Assert.InRange(stage.Lists, 4, 5);
    }

    [Fact]
    public async Task Sections_are_sampled_once_per_interval()
    {
        var stage = new Stage();
        var received = 1000L;
        stage.Engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics(received: Interlocked.Add(ref received, 500)));
        await using var watcher = stage.Watch(Everything with { Sections = ContainerSections.Network }, TimeSpan.FromSeconds(1));
        var first = Assert.Single((await NextAsync<WatchSnapshot>(watcher)).Items).Network!.RxBytes;

        var sample = Assert.Single((await NextAsync<WatchSample>(watcher)).Items);

        Assert.True(sample.Network!.RxBytes > first);
        Assert.Null(sample.Usage);
        Assert.Null(sample.Processes);
    }

    [Fact]
    public async Task A_watcher_gets_no_sections_of_other_watchers()
    {
        var stage = new Stage();
        var received = 1000L;
        stage.Engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics(received: Interlocked.Add(ref received, 500)));
        await using var bare = stage.Watch(Everything);
        await NextAsync<WatchSnapshot>(bare);
        await using var sampling = stage.Watch(Everything with { Sections = ContainerSections.Network });
        await NextAsync<WatchSnapshot>(sampling);
        await NextAsync<WatchSample>(sampling);
        await NextAsync<WatchSample>(sampling);

        stage.Happens("rename", [Facts.Container('1', name: "other")]);

        // What happened is the next that it hears of, although two samples were told in between.
        Assert.Equal("other", (await NextAsync<WatchChanged>(bare)).Container.Name);
    }

    [Fact]
    public void The_history_has_no_sections_and_shares_unchanged_rows()
    {
        var usage = ContainerProjection.Usage(Reading<StatisticsFacts>.Failed(SectionState.Error, "no"), default);
        var row = new ContainerRow("local", Facts.Container('1')) { Usage = usage };
        var list = new ContainerCollection([row], [new EngineReport("local", "ok", "1.41", 1, null)], 1, null);
        var first = WatchState.Empty("e").After(list, ContainerSections.All, Facts.Noon);
        var remembered = first.Bare(null);
        var second = first.After(list with { Rows = [row with { Facts = row.Facts with { Status = "Up 4 minutes" } }] }, ContainerSections.All, Facts.Noon);

        Assert.Null(Assert.Single(remembered.Containers.Values).Usage);
        Assert.Same(Assert.Single(remembered.Containers.Values), Assert.Single(second.Bare(remembered).Containers.Values));
        Assert.Equal(second.EventId, second.Bare(remembered).EventId);
    }

    [Fact]
    public async Task A_failed_watch_ends_with_a_failed_result()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        var happens = new TaskCompletionSource();
        engine.WatchContainers = token => OnceAsync(happens.Task, token);
        using var host = new ApiHost(engine);
        using var stream = new StreamReader(await host.Client.GetStreamAsync("/containers/watch?include=none"));
        Assert.Contains("\"type\":\"snapshot\"", await stream.ReadLineAsync());

        engine.ListContainers = (_, _) => throw new InvalidOperationException("no");
        happens.SetResult();

        var last = await stream.ReadLineAsync().WaitAsync(Stage.Patience);
        Assert.Contains("\"type\":\"result\"", last);
        Assert.Contains("\"state\":\"failed\"", last);
        Assert.Null(await stream.ReadLineAsync().WaitAsync(Stage.Patience));
    }

    private static async IAsyncEnumerable<ContainerEvent> OnceAsync(Task happens, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return ContainerEvent.Subscribed;
        await happens.WaitAsync(cancellationToken);
        yield return new ContainerEvent(Facts.Id('1'), "start", default);
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    [Fact]
    public async Task A_silent_watch_sends_heartbeats()
    {
        var time = new FakeTimeProvider(Facts.Noon);
        var stage = new Stage(time);
        await using var watcher = stage.Watch(Everything);
        await NextAsync<WatchSnapshot>(watcher);

        var next = watcher.MoveNextAsync().AsTask();
        while (!next.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        Assert.IsType<WatchHeartbeat>(watcher.Current);
    }

    [Fact]
    public async Task An_unexpected_failure_ends_the_watch()
    {
        var stage = new Stage();
        stage.Engine.ListContainers = (_, _) => throw new InvalidOperationException("no");
        await using var watcher = stage.Watch(Everything);

        await Assert.ThrowsAsync<InvalidOperationException>(() => watcher.MoveNextAsync().AsTask().WaitAsync(Stage.Patience));
    }

    /// <summary>The next event, which must be one of this kind; heartbeats do not count.</summary>
    private static async Task<T> NextAsync<T>(IAsyncEnumerator<WatchEvent> watcher) where T : WatchEvent
    {
        Assert.True(await watcher.MoveNextAsync().AsTask().WaitAsync(Stage.Patience), "The stream ended.");
        return Assert.IsType<T>(watcher.Current);
    }

    /// <summary>An engine whose containers and events the test writes.</summary>
    private sealed class Stage
    {
        public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

        private readonly WatchHub _hub;
        private readonly TimeProvider _time;
        private readonly TaskCompletionSource _subscribed = new();
        private readonly TaskCompletionSource _unsubscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Channel<ContainerEvent> _events = Channel.CreateUnbounded<ContainerEvent>();
        private volatile IReadOnlyList<ContainerFacts>? _containers = [Facts.Container('1')];
        private int _subscriptions;
        private int _lists;

        public Stage(TimeProvider? time = null)
        {
            time ??= TimeProvider.System;
            _time = time;
            Engine = Facts.Engine();
            Engine.ListContainers = (_, _) =>
            {
                Interlocked.Increment(ref _lists);
                return _containers is { } all ? Task.FromResult(all) : throw Away();
            };
            Engine.WatchContainers = token => EventsAsync(token);
            var limits = new CollectionLimits();
            var collector = new ContainerCollector(new SectionReader(time, limits), new RateHistory(time), Microsoft.Extensions.Logging.Abstractions.NullLogger<ContainerCollector>.Instance);
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

        public void Happens(string action, IReadOnlyList<ContainerFacts> containers)
        {
            _containers = containers;
            _events.Writer.TryWrite(new ContainerEvent(Facts.Id('1'), action, default));
        }

        public void GoesAway()
        {
            _containers = null;
            _events.Writer.Complete(Away());
        }

        public void ComesBack(IReadOnlyList<ContainerFacts> containers)
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
                throw Away();
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

        private static EngineException Away() => new(ErrorCode.EngineUnavailable, "local", "The engine cannot be reached: connection refused.");
    }
}
