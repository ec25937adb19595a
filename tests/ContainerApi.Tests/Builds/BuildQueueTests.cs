using ContainerApi.Builds;

namespace ContainerApi.Tests.Builds;

public sealed class BuildQueueTests
{
    private const string Engine = "local";

    [Theory]
    // The running build, the waiting builds in the order of arrival, the order in which they start when one after the other ends.
    [InlineData("", "a1 a2 a3", "a1 a2 a3")]
    [InlineData("", "a1 a2 a3 b1 b2 c1", "a1 b1 c1 a2 b2 a3")]
    [InlineData("a0", "a1 b1 a2 b2", "b1 a1 b2 a2")]
    [InlineData("a0", "a1 a2 a3 b1", "b1 a1 a2 a3")]
    public void Clients_take_turns(string running, string waiting, string expected)
    {
        var queue = new BuildQueue(new BuildOptions { MaxConcurrent = 1 });
        var current = queue.Enqueue(Engine, running.Length > 0 ? running[..1] : "other");
        var slots = waiting.Split(' ').ToDictionary(name => name, name => queue.Enqueue(Engine, name[..1]));
        var positions = slots.OrderBy(s => PositionOf(s.Value)).Select(s => s.Key).ToList();

        var order = new List<string>();
        while (true)
        {
            current.Dispose();
            if (slots.FirstOrDefault(s => PositionOf(s.Value) == 0 && !order.Contains(s.Key)) is not { Key: { } name, Value: var next })
            {
                break;
            }

            order.Add(name);
            current = next;
        }

        Assert.Equal(expected.Split(' '), order);
        Assert.Equal(expected.Split(' '), positions);
    }

    [Fact]
    public void Client_without_running_builds_goes_first()
    {
        var queue = new BuildQueue(new BuildOptions { MaxConcurrent = 3 });
        var first = queue.Enqueue(Engine, "a");
        queue.Enqueue(Engine, "a");
        queue.Enqueue(Engine, "a");
        var more = queue.Enqueue(Engine, "a");
        var other = queue.Enqueue(Engine, "b");

        Assert.Equal((2, 1), (PositionOf(more), PositionOf(other)));
        first.Dispose();
        Assert.Equal((1, 0), (PositionOf(more), PositionOf(other)));
    }

    [Fact]
    public void Full_queue_refuses_builds_with_retry_after()
    {
        var queue = new BuildQueue(new BuildOptions { MaxConcurrent = 1, MaxQueued = 2 });
        queue.Enqueue(Engine, "a");
        var waiting = queue.Enqueue(Engine, "a");
        queue.Enqueue(Engine, "a");

        var refused = Assert.Throws<ApiException>(() => queue.Enqueue(Engine, "a"));

        Assert.Equal(ErrorCode.TooManyBuilds, refused.Code);
        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        Assert.Equal(0, PositionOf(queue.Enqueue("another", "b")));
        waiting.Dispose();
        Assert.Equal(2, PositionOf(queue.Enqueue(Engine, "a")));
    }

    [Fact]
    public void Full_queue_takes_the_share_of_another_client()
    {
        var queue = new BuildQueue(new BuildOptions { MaxConcurrent = 1, MaxQueued = 4 });
        foreach (var client in new[] { "a", "a", "a", "a", "a", "b", "b", "c" })
        {
            queue.Enqueue(Engine, client);
        }

        Assert.All(["a", "b", "c"], client => Assert.Throws<ApiException>(() => queue.Enqueue(Engine, client)));
    }

    [Fact]
    public void Build_that_leaves_the_queue_moves_the_others_up()
    {
        var queue = new BuildQueue(new BuildOptions { MaxConcurrent = 1 });
        var running = queue.Enqueue(Engine, "a");
        var leaving = queue.Enqueue(Engine, "a");
        var staying = queue.Enqueue(Engine, "a");
        Assert.Equal(2, PositionOf(staying));

        leaving.Dispose();
        leaving.Dispose();

        Assert.Equal(1, PositionOf(staying));
        running.Dispose();
        Assert.Equal(0, PositionOf(staying));
    }

    /// <summary>Peeks, so that an unchanged position can be read again.</summary>
    private static int PositionOf(QueueSlot slot) => slot.Positions.TryPeek(out var position) ? position : -1;
}
