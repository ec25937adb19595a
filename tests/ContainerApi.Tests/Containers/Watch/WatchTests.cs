using System.Runtime.CompilerServices;
using ContainerApi.Containers;
using ContainerApi.Containers.Watch;

namespace ContainerApi.Tests.Containers.Watch;

public sealed class WatchTests
{
    private static readonly WatchView Everything = new(_ => true, null, ContainerSections.None);

    [Fact]
    public async Task The_subscription_precedes_the_first_list()
    {
        var stage = new WatchStage();
        var released = new TaskCompletionSource();
        stage.Engine.WatchContainers = token => stage.EventsAsync(token, before: released.Task);
        await using var watcher = stage.Watch(Everything);
        var first = watcher.MoveNextAsync().AsTask();

        await stage.SubscribedTo;
        Assert.Equal(0, stage.Lists);
        released.SetResult();

        Assert.True(await first.WaitAsync(WatchStage.EventTimeout));
        var snapshot = Assert.IsType<WatchSnapshot>(watcher.Current);
        Assert.Equal(Facts.Id('1'), Assert.Single(snapshot.Items).Id);
        Assert.Equal("ok", Assert.Single(snapshot.Engines).State);
    }

    [Fact]
    public async Task Changes_are_sent_as_added_changed_and_removed()
    {
        var stage = new WatchStage();
        await using var watcher = stage.Watch(Everything);
        await WatchStage.NextAsync<WatchSnapshot>(watcher);

        stage.Send("create", [Facts.Container('1'), Facts.Container('2')]);
        Assert.Equal(Facts.Id('2'), (await WatchStage.NextAsync<WatchAdded>(watcher)).Container.Id);

        stage.Send("rename", [Facts.Container('1', name: "other"), Facts.Container('2')]);
        Assert.Equal("other", (await WatchStage.NextAsync<WatchChanged>(watcher)).Container.Name);

        stage.Send("destroy", [Facts.Container('2')]);
        var removed = await WatchStage.NextAsync<WatchRemoved>(watcher);
        Assert.Equal((Facts.Id('1'), "other"), (removed.ContainerId, removed.Name));
    }

    [Fact]
    public async Task Change_of_the_match_is_sent_as_added_or_removed()
    {
        var stage = new WatchStage();
        await using var watcher = stage.Watch(Everything with { Matches = c => c.State == ContainerStates.Running });
        await WatchStage.NextAsync<WatchSnapshot>(watcher);

        stage.Send("die", [Facts.Container('1', state: ContainerStates.Exited)]);
        Assert.Equal(Facts.Id('1'), (await WatchStage.NextAsync<WatchRemoved>(watcher)).ContainerId);

        stage.Send("start", [Facts.Container('1')]);
        Assert.Equal(Facts.Id('1'), (await WatchStage.NextAsync<WatchAdded>(watcher)).Container.Id);
    }

    [Fact]
    public async Task Five_hundred_watchers_share_one_subscription()
    {
        var stage = new WatchStage();
        var watchers = Enumerable.Range(0, 500).Select(_ => stage.Watch(Everything)).ToList();
        await Task.WhenAll(watchers.Select(WatchStage.NextAsync<WatchSnapshot>));
        stage.Send("create", [Facts.Container('1'), Facts.Container('2')]);
        await Task.WhenAll(watchers.Select(WatchStage.NextAsync<WatchAdded>));

        Assert.Equal(1, stage.Subscriptions);
        Assert.InRange(stage.Lists, 2, 4);
        foreach (var watcher in watchers)
        {
            await watcher.DisposeAsync();
        }

        await stage.Unsubscribed.WaitAsync(WatchStage.EventTimeout);
    }

    [Fact]
    public async Task Slow_reader_gets_only_the_newest_state()
    {
        var stage = new WatchStage();
        await using var slow = stage.Watch(Everything);
        await using var quick = stage.Watch(Everything);
        await WatchStage.NextAsync<WatchSnapshot>(slow);
        await WatchStage.NextAsync<WatchSnapshot>(quick);

        for (var n = 0; n < 20; n++)
        {
            stage.Send("rename", [Facts.Container('1', name: "name" + n)]);
            Assert.Equal("name" + n, (await WatchStage.NextAsync<WatchChanged>(quick)).Container.Name);
        }

        Assert.Equal("name19", (await WatchStage.NextAsync<WatchChanged>(slow)).Container.Name);
    }

    [Fact]
    public async Task Resumed_watch_gets_missed_events()
    {
        var stage = new WatchStage();
        await using var stays = stage.Watch(Everything);
        var snapshot = await WatchStage.NextAsync<WatchSnapshot>(stays);
        stage.Send("create", [Facts.Container('1'), Facts.Container('2')]);
        await WatchStage.NextAsync<WatchAdded>(stays);

        await using var resumes = stage.Watch(Everything, lastEventId: snapshot.Seq);
        Assert.Equal(Facts.Id('2'), (await WatchStage.NextAsync<WatchAdded>(resumes)).Container.Id);

        await using var stranger = stage.Watch(Everything, lastEventId: "elsewhere-7");
        Assert.Equal(2, (await WatchStage.NextAsync<WatchSnapshot>(stranger)).Items.Count);
    }

    [Fact]
    public async Task Watch_resumed_between_events_of_one_change_gets_them_again()
    {
        var stage = new WatchStage();
        await using var watcher = stage.Watch(Everything);
        await WatchStage.NextAsync<WatchSnapshot>(watcher);
        stage.Send("create", [Facts.Container('1'), Facts.Container('2'), Facts.Container('3')]);
        var first = await WatchStage.NextAsync<WatchAdded>(watcher);
        var last = await WatchStage.NextAsync<WatchAdded>(watcher);
        Assert.NotEqual(first.Seq, last.Seq);

        await using var resumed = stage.Watch(Everything, lastEventId: first.Seq);

        await WatchStage.NextAsync<WatchAdded>(resumed);
        Assert.Equal(last.Seq, (await WatchStage.NextAsync<WatchAdded>(resumed)).Seq);
    }

    [Fact]
    public async Task Containers_of_an_unreachable_engine_stay()
    {
        var stage = new WatchStage();
        await using var watcher = stage.Watch(Everything);
        await WatchStage.NextAsync<WatchSnapshot>(watcher);

        stage.Disconnect();
        Assert.Equal("unavailable", (await WatchStage.NextAsync<WatchEngine>(watcher)).Engine.State);

        stage.Reconnect([Facts.Container('1'), Facts.Container('2')]);
        Assert.Equal("ok", (await WatchStage.NextAsync<WatchEngine>(watcher)).Engine.State);
        Assert.Equal(Facts.Id('2'), (await WatchStage.NextAsync<WatchAdded>(watcher)).Container.Id);
    }

    [Fact]
    public async Task Every_sample_is_sent_and_read_once()
    {
        var stage = new WatchStage();
        var received = 1000L;
        stage.Engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics(received: Interlocked.Add(ref received, 500)));
        await using var watcher = stage.Watch(Everything with { Sections = ContainerSections.Network }, TimeSpan.FromSeconds(1));
        var last = Assert.Single((await WatchStage.NextAsync<WatchSnapshot>(watcher)).Items).Network!.RxBytes;

        for (var n = 0; n < 3; n++)
        {
            var sample = Assert.Single((await WatchStage.NextAsync<WatchSample>(watcher)).Items);
            Assert.Equal((last + 500, null, null), (sample.Network!.RxBytes, sample.Usage, sample.Processes));
            last = sample.Network.RxBytes;
        }

        Assert.InRange(stage.Lists, 4, 5);
    }

    [Fact]
    public async Task Watcher_gets_no_sections_of_other_watchers()
    {
        var stage = new WatchStage();
        var received = 1000L;
        stage.Engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics(received: Interlocked.Add(ref received, 500)));
        await using var bare = stage.Watch(Everything);
        await WatchStage.NextAsync<WatchSnapshot>(bare);
        await using var sampling = stage.Watch(Everything with { Sections = ContainerSections.Network });
        await WatchStage.NextAsync<WatchSnapshot>(sampling);
        await WatchStage.NextAsync<WatchSample>(sampling);
        await WatchStage.NextAsync<WatchSample>(sampling);

        stage.Send("rename", [Facts.Container('1', name: "other")]);

        // The two samples in between were not sent to it.
        Assert.Equal("other", (await WatchStage.NextAsync<WatchChanged>(bare)).Container.Name);
    }

    [Fact]
    public void The_history_has_no_sections_and_shares_unchanged_rows()
    {
        var usage = ContainerProjection.Usage(Reading<StatisticsFacts>.Failed(SectionState.Error, "no"), default);
        var row = new ContainerRow("local", Facts.Container('1')) { Usage = usage };
        var list = new ContainerCollection([row], [new EngineReport("local", "ok", "1.41", 1, null)], 1, null);
        var first = WatchState.Empty("e").After(list, ContainerSections.All, Facts.Noon);
        var remembered = first.Bare(null);
        var later = list with { Rows = [row with { Facts = row.Facts with { Status = "Up 4 minutes" } }] };
        var second = first.After(later, ContainerSections.All, Facts.Noon);

        Assert.Null(Assert.Single(remembered.Containers.Values).Usage);
        Assert.Same(Assert.Single(remembered.Containers.Values), Assert.Single(second.Bare(remembered).Containers.Values));
        Assert.Equal(second.EventId, second.Bare(remembered).EventId);
    }

    [Fact]
    public async Task Failed_watch_ends_with_a_failed_result()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        var happens = new TaskCompletionSource();
        engine.WatchContainers = token => OnceAsync(happens.Task, token);
        using var host = new ApiHost(engine);
        using var stream = new StreamReader(await host.Client.GetStreamAsync("/containers/watch?include=none"));
        Assert.Contains("\"type\":\"snapshot\"", await stream.ReadLineAsync());

        engine.ListContainers = (_, _) => throw new InvalidOperationException("no");
        happens.SetResult();

        var last = await stream.ReadLineAsync().WaitAsync(WatchStage.EventTimeout);
        Assert.Contains("\"type\":\"result\"", last);
        Assert.Contains("\"state\":\"failed\"", last);
        Assert.Null(await stream.ReadLineAsync().WaitAsync(WatchStage.EventTimeout));
    }

    private static async IAsyncEnumerable<ContainerEvent> OnceAsync(Task happens, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return ContainerEvent.Subscribed;
        await happens.WaitAsync(cancellationToken);
        yield return new ContainerEvent(Facts.Id('1'), "start", default);
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    [Fact]
    public async Task Unexpected_failure_ends_the_watch()
    {
        var stage = new WatchStage();
        stage.Engine.ListContainers = (_, _) => throw new InvalidOperationException("no");
        await using var watcher = stage.Watch(Everything);

        await Assert.ThrowsAsync<InvalidOperationException>(() => watcher.MoveNextAsync().AsTask().WaitAsync(WatchStage.EventTimeout));
    }
}
