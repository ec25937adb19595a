using ContainerApi.Builds;

namespace ContainerApi.Tests.Builds;

public sealed class BuildQueueTests
{
    private const string Engine = "local";

    [Theory]
    // Who waits, in the order they came; who is at work; in which order they begin when one after the other ends.
    [InlineData("", "a1 a2 a3", "a1 a2 a3")]
    [InlineData("", "a1 a2 a3 b1 b2 c1", "a1 b1 c1 a2 b2 a3")]
    [InlineData("a0", "a1 b1 a2 b2", "b1 a1 b2 a2")]
    [InlineData("a0", "a1 a2 a3 b1", "b1 a1 a2 a3")]
    public void Turns_are_shared_out_among_clients(string atWork, string waiting, string expected)
    {
        var admission = new BuildQueue(new BuildOptions { MaxConcurrent = 1 });
        var holder = admission.Enter(Engine, atWork.Length > 0 ? atWork[..1] : "other");
        var tickets = waiting.Split(' ').ToDictionary(name => name, name => admission.Enter(Engine, name[..1]));
        var told = tickets.OrderBy(t => t.Value.Look().Position).Select(t => t.Key).ToList();

        var order = new List<string>();
        for (var working = holder; ;)
        {
            working.Dispose();
            if (tickets.FirstOrDefault(t => t.Value.Look().Position == 0 && !order.Contains(t.Key)) is not { Key: { } name, Value: var next })
            {
                break;
            }

            order.Add(name);
            working = next;
        }

        Assert.Equal(expected.Split(' '), order);
        Assert.Equal(expected.Split(' '), told);
    }

    [Fact]
    public void A_client_with_builds_at_work_waits_for_one_without()
    {
        var admission = new BuildQueue(new BuildOptions { MaxConcurrent = 3 });
        var first = admission.Enter(Engine, "a");
        admission.Enter(Engine, "a");
        admission.Enter(Engine, "a");
        var more = admission.Enter(Engine, "a");
        var other = admission.Enter(Engine, "b");

        Assert.Equal((2, 1), (more.Look().Position, other.Look().Position));
        first.Dispose();
        Assert.Equal((1, 0), (more.Look().Position, other.Look().Position));
    }

    [Fact]
    public void A_full_queue_refuses_and_says_when_to_ask_again()
    {
        var admission = new BuildQueue(new BuildOptions { MaxConcurrent = 1, MaxQueued = 2 });
        admission.Enter(Engine, "a");
        var waiting = admission.Enter(Engine, "a");
        admission.Enter(Engine, "a");

        var refused = Assert.Throws<ApiException>(() => admission.Enter(Engine, "b"));

        Assert.Equal(ErrorCode.TooManyBuilds, refused.Code);
        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        Assert.Equal(0, admission.Enter("another", "b").Look().Position);
        waiting.Dispose();
        Assert.Equal(1, admission.Enter(Engine, "b").Look().Position);
    }

    [Fact]
    public void Who_leaves_the_queue_moves_the_others_up_and_takes_no_place()
    {
        var admission = new BuildQueue(new BuildOptions { MaxConcurrent = 1 });
        var working = admission.Enter(Engine, "a");
        var leaving = admission.Enter(Engine, "a");
        var staying = admission.Enter(Engine, "a");
        var (_, moved) = staying.Look();

        leaving.Dispose();
        leaving.Dispose();

        Assert.True(moved.IsCompleted);
        Assert.Equal(1, staying.Look().Position);
        working.Dispose();
        Assert.Equal(0, staying.Look().Position);
    }
}
