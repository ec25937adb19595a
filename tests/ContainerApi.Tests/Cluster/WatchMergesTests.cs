using System.Threading.Channels;
using ContainerApi.Cluster;
using ContainerApi.Containers;
using ContainerApi.Containers.Watch;
using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Cluster;

/// <summary>The watch that watchers share, and what it knows.</summary>
public sealed class WatchMergesTests
{
    private readonly WatchMerges _merges = new(TimeProvider.System);
    private readonly Channel<WatchEvent> _own = Channel.CreateUnbounded<WatchEvent>();
    private int _begun;

    [Fact]
    public async Task Second_watcher_joins_with_a_snapshot_of_now()
    {
        await using var first = Watch();
        _own.Writer.TryWrite(Snapshot("node1", '1'));
        await first.MoveNextAsync();
        _own.Writer.TryWrite(new WatchAdded(Container('2', "node1")));
        await first.MoveNextAsync();
        await using var second = Watch();

        Assert.True(await second.MoveNextAsync());

        Assert.Equal(1, _begun);
        Assert.Equal(["c1", "c2"], Assert.IsType<WatchSnapshot>(second.Current).Items.Select(c => c.Name).Order());
        Assert.Same(first.Current, Assert.IsType<WatchAdded>(first.Current));
    }

    [Fact]
    public async Task Watcher_far_behind_continues_with_a_snapshot_and_holds_up_nobody()
    {
        await using var slow = Watch();
        await using var fast = Watch();
        _own.Writer.TryWrite(Snapshot("node1"));
        await slow.MoveNextAsync();
        await fast.MoveNextAsync();
        for (var n = 0; n < 300; n++)
        {
            _own.Writer.TryWrite(new WatchChanged(Container('1', "node1") with { Status = $"Up {n} seconds" }));
            Assert.True(await fast.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
        }

        var read = 0;
        while (await slow.MoveNextAsync() && slow.Current is not WatchSnapshot)
        {
            read++;
        }

        Assert.InRange(read, 1, 200);
        Assert.Equal("Up 299 seconds", Assert.Single(((WatchSnapshot)slow.Current).Items).Status);
    }

    [Fact]
    public async Task Fault_ends_the_watch_of_all_and_the_next_one_begins_anew()
    {
        await using var watcher = Watch();
        _own.Writer.TryWrite(Snapshot("node1"));
        await watcher.MoveNextAsync();
        _own.Writer.TryComplete(new InvalidOperationException("A fault."));

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await watcher.MoveNextAsync());

        await using var next = Watch();
        await Assert.ThrowsAnyAsync<InvalidOperationException>(async () => await next.MoveNextAsync());
        Assert.Equal(2, _begun);
    }

    [Fact]
    public void Engine_that_has_another_replica_meanwhile_is_not_missing()
    {
        var state = new MergedState();
        state.Apply("old:1", Snapshot("node2", '1'));
        state.Apply("new:1", Snapshot("node2", '1'));

        Assert.Empty(state.Apply("old:1", Missing("node2")));
        Assert.Empty(state.Forget("old:1"));
        Assert.Equal("unavailable", Assert.IsType<WatchEngine>(Assert.Single(state.Apply("new:1", Missing("node2")))).Engine.State);
        Assert.Single(state.ToSnapshot().Items);
    }

    [Fact]
    public void Address_of_another_replica_loses_the_engine_of_the_one_before()
    {
        var state = new MergedState();
        state.Apply("a:1", Missing("a:1"));

        var named = Assert.IsType<WatchSnapshot>(Assert.Single(state.Apply("a:1", Snapshot("node2", '1'))));
        var reused = Assert.IsType<WatchSnapshot>(Assert.Single(state.Apply("a:1", Snapshot("node3", '2'))));
        var left = Assert.IsType<WatchSnapshot>(Assert.Single(state.Forget("a:1")));

        Assert.Equal(["node2"], named.Engines.Select(e => e.Name));
        Assert.Equal(["node3"], reused.Engines.Select(e => e.Name));
        Assert.Equal(["c2"], reused.Items.Select(c => c.Name));
        Assert.Empty(left.Items);
    }

    private IAsyncEnumerator<WatchEvent> Watch() => _merges.WatchAsync("key", new ListParts([]), Own, default).GetAsyncEnumerator();

    private IAsyncEnumerable<WatchEvent> Own(CancellationToken cancellationToken)
    {
        _begun++;
        return _own.Reader.ReadAllAsync(cancellationToken);
    }

    private static WatchMissing Missing(string name) =>
        new([name], EngineStates.Unavailable, new ErrorInfo("engine_unavailable", "It stopped."), null);

    private static WatchSnapshot Snapshot(string engine, params IReadOnlyList<char> containers) => new(
        [.. containers.Select(c => Container(c, engine))], [new EngineReport(engine, EngineStates.Ok, "1.45", containers.Count, null)]);

    private static Container Container(char digit, string engine) =>
        ContainerProjection.ToContainer(new ContainerRow(engine, Facts.Container(digit)));
}
