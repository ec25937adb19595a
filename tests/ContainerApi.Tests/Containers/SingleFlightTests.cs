using ContainerApi.Containers;

namespace ContainerApi.Tests.Containers;

public sealed class SingleFlightTests
{
    private static readonly TimeSpan Live = TimeSpan.Zero;
    private readonly FakeTimeProvider _time = new(Facts.Noon);
    private readonly SingleFlight<string> _cache;
    private readonly List<TaskCompletionSource<string>> _sweeps = [];
    private readonly List<CancellationToken> _tokens = [];
    private readonly SemaphoreSlim _started = new(0);

    public SingleFlightTests() => _cache = new SingleFlight<string>(_time);

    [Fact]
    public async Task Who_comes_while_a_sweep_runs_shares_the_next_one()
    {
        var first = GetAsync();
        await StartedAsync();
        var late = Enumerable.Range(0, 1000).Select(_ => GetAsync()).ToList();
        _sweeps[0].SetResult("one");
        Assert.Equal("one", await first);
        await StartedAsync();
        Assert.All(late, t => Assert.False(t.IsCompleted));
        _sweeps[1].SetResult("two");

        Assert.All(await Task.WhenAll(late), answer => Assert.Equal("two", answer));
        Assert.Equal(2, _sweeps.Count);
    }

    [Fact]
    public async Task Who_just_got_an_answer_has_a_moment_to_ask_again_with_those_who_wait()
    {
        var first = GetAsync();
        await StartedAsync();
        var waiting = GetAsync();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _sweeps[0].SetResult("one");
        await first;

        Assert.False(await _started.WaitAsync(50));
        var again = GetAsync();
        await StartedAsync();
        _sweeps[1].SetResult("two");

        Assert.Equal(["two", "two"], await Task.WhenAll(waiting, again));
    }

    [Fact]
    public async Task Who_does_not_ask_again_is_not_waited_for_long()
    {
        var first = GetAsync();
        await StartedAsync();
        var waiting = GetAsync();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _sweeps[0].SetResult("one");
        await first;

        _time.Advance(TimeSpan.FromMilliseconds(25));
        await StartedAsync();
        _sweeps[1].SetResult("two");

        Assert.Equal("two", await waiting);
    }

    [Fact]
    public async Task Where_all_leave_in_that_moment_the_next_who_comes_gets_a_sweep_at_once()
    {
        var first = GetAsync();
        await StartedAsync();
        using var leaving = new CancellationTokenSource();
        var waiting = GetAsync(cancellationToken: leaving.Token);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _sweeps[0].SetResult("one");
        await first;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        var next = GetAsync();
        await StartedAsync();
        _sweeps[1].SetResult("two");

        Assert.Equal("two", await next);
    }

    [Fact]
    public async Task Nothing_is_read_when_nobody_waits()
    {
        var first = GetAsync();
        await StartedAsync();
        _sweeps[0].SetResult("one");
        await first;

        Assert.False(await _started.WaitAsync(50));
    }

    [Fact]
    public async Task Questions_that_differ_do_not_wait_for_each_other()
    {
        var first = GetAsync(key: "a");
        await StartedAsync();
        var second = GetAsync(key: "b");
        await StartedAsync();
        _sweeps[1].SetResult("b");

        Assert.Equal("b", await second);
        Assert.False(first.IsCompleted);
        _sweeps[0].SetResult("a");
        await first;
    }

    [Theory]
    [InlineData(900, 1000, true)]
    [InlineData(1100, 1000, false)]
    [InlineData(0, 0, false)]
    public async Task An_older_answer_is_given_only_to_who_allows_it(int ageMs, int maxAgeMs, bool isShared)
    {
        var first = GetAsync();
        await StartedAsync();
        // Its age counts from the beginning of the sweep: some of it was read then.
        _time.Advance(TimeSpan.FromMilliseconds(ageMs));
        _sweeps[0].SetResult("one");
        await first;

        var second = GetAsync(TimeSpan.FromMilliseconds(maxAgeMs));
        if (!isShared)
        {
            await StartedAsync();
            _sweeps[1].SetResult("two");
        }

        Assert.Equal(isShared ? "one" : "two", await second);
    }

    [Fact]
    public async Task Who_allows_an_older_answer_may_share_a_sweep_that_runs_already()
    {
        var first = GetAsync();
        await StartedAsync();
        var second = GetAsync(TimeSpan.FromSeconds(1));
        _sweeps[0].SetResult("one");

        Assert.Equal(["one", "one"], await Task.WhenAll(first, second));
    }

    [Fact]
    public async Task A_client_that_leaves_does_not_stop_the_sweep_of_others_and_the_last_one_does()
    {
        using var one = new CancellationTokenSource();
        using var two = new CancellationTokenSource();
        var blocker = GetAsync();
        await StartedAsync();
        var first = GetAsync(cancellationToken: one.Token);
        var second = GetAsync(cancellationToken: two.Token);
        _sweeps[0].SetResult("zero");
        await blocker;
        await StartedAsync();

        await one.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(_tokens[1].IsCancellationRequested);

        await two.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.True(_tokens[1].IsCancellationRequested);
    }

    [Fact]
    public async Task Who_comes_after_all_have_left_gets_a_sweep_of_its_own()
    {
        using var leaving = new CancellationTokenSource();
        var first = GetAsync(cancellationToken: leaving.Token);
        await StartedAsync();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        var second = GetAsync(TimeSpan.FromHours(1));
        _sweeps[0].SetCanceled(_tokens[0]);
        await StartedAsync();
        _sweeps[1].SetResult("two");

        Assert.Equal("two", await second);
    }

    [Fact]
    public async Task A_sweep_that_all_have_left_before_it_began_never_begins()
    {
        using var leaving = new CancellationTokenSource();
        var first = GetAsync();
        await StartedAsync();
        var second = GetAsync(cancellationToken: leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        _sweeps[0].SetResult("one");
        await first;

        Assert.False(await _started.WaitAsync(50));
    }

    [Fact]
    public async Task A_failure_is_everyones_who_waits_and_is_not_kept()
    {
        var first = GetAsync();
        await StartedAsync();
        var second = GetAsync(TimeSpan.FromSeconds(1));
        _sweeps[0].SetException(new InvalidOperationException("down"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        await Assert.ThrowsAsync<InvalidOperationException>(() => second);

        var third = GetAsync(TimeSpan.FromHours(1));
        await StartedAsync();
        _sweeps[1].SetResult("up");

        Assert.Equal("up", await third);
    }

    private Task<string> GetAsync(TimeSpan? maxAge = null, string key = "k", CancellationToken cancellationToken = default) =>
        _cache.GetAsync(key, maxAge ?? Live, token =>
        {
            var sweep = new TaskCompletionSource<string>();
            lock (_sweeps)
            {
                _sweeps.Add(sweep);
                _tokens.Add(token);
            }

            _started.Release();
            return sweep.Task;
        }, cancellationToken);

    private async Task StartedAsync() => Assert.True(await _started.WaitAsync(TimeSpan.FromSeconds(10)), "No sweep began.");
}
