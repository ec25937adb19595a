using ContainerApi.Api;
using ContainerApi.Containers;
using ContainerApi.Containers.Watch;

namespace ContainerApi.Tests.Containers.Watch;

/// <summary>What a watch sends after a time.</summary>
public sealed class WatchTimeTests
{
    private static readonly WatchView Everything = new(_ => true, null, ContainerSections.None);

    [Fact]
    public async Task Change_that_the_list_shows_after_its_event_is_sent()
    {
        var time = new TestClock();
        var stage = new WatchStage(time);
        await using var watcher = stage.Watch(Everything);
        await WatchStage.NextAsync<WatchSnapshot>(watcher);
        var changed = WatchStage.NextAsync<WatchChanged>(watcher);
        stage.Send("pause", [Facts.Container('1')]);
        await time.AdvanceWhenAwaitedAsync(TimeSpan.FromMilliseconds(20));

        stage.Show([Facts.Container('1', state: ContainerStates.Paused)]);
        await time.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(ContainerStates.Paused, (await changed).Container.State);
    }

    [Fact]
    public async Task Silent_watch_sends_heartbeats()
    {
        var time = new TestClock();
        var stage = new WatchStage(time);
        await using var watcher = stage.Watch(Everything);
        await WatchStage.NextAsync<WatchSnapshot>(watcher);

        var next = watcher.MoveNextAsync().AsTask();
        await time.AdvanceWhenAwaitedAsync(Heartbeat<WatchEvent>.DefaultInterval);

        Assert.True(await next.WaitAsync(WatchStage.EventTimeout));
        Assert.IsType<WatchHeartbeat>(watcher.Current);
    }

    [Fact]
    public async Task Watch_without_sections_has_heartbeats_while_another_samples()
    {
        var time = new TestClock();
        var stage = new WatchStage(time);
        var received = 1000L;
        stage.Engine.ReadStatistics = (_, _) => Task.FromResult(Facts.Statistics(received: Interlocked.Add(ref received, 500)));
        await using var sampled = stage.Watch(Everything with { Sections = ContainerSections.Network }, TimeSpan.FromSeconds(2));
        await WatchStage.NextAsync<WatchSnapshot>(sampled);
        await using var silent = stage.Watch(Everything);
        await WatchStage.NextAsync<WatchSnapshot>(silent);
        // The second watcher starts a collection after a short delay.
        await time.AdvanceWhenAwaitedAsync(TimeSpan.FromMilliseconds(20));
        var begin = time.GetUtcNow();

        var next = silent.MoveNextAsync().AsTask();
        for (var second = 2; second < 15; second += 2)
        {
            var sample = WatchStage.NextAsync<WatchSample>(sampled);
            await time.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(2));
            await sample;
        }

        await time.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1));

        Assert.True(await next.WaitAsync(WatchStage.EventTimeout));
        Assert.Equal(TimeSpan.FromSeconds(15), Assert.IsType<WatchHeartbeat>(silent.Current).At - begin);
    }
}
