using ContainerApi.Api;

namespace ContainerApi.Tests.Containers;

public sealed class SingleFlightTests
{
    private static readonly TimeSpan Live = TimeSpan.Zero;
    private readonly FakeTimeProvider _time = new(Facts.Noon);
    private readonly SingleFlight<string> _flights;
    private readonly List<TaskCompletionSource<string>> _operations = [];
    private readonly List<CancellationToken> _tokens = [];
    private readonly SemaphoreSlim _started = new(0);

    public SingleFlightTests() => _flights = new SingleFlight<string>(_time);

    [Fact]
    public async Task Callers_during_an_operation_share_the_next_one()
    {
        var first = GetAsync();
        await StartedAsync();
        var late = Enumerable.Range(0, 1000).Select(_ => GetAsync()).ToList();
        _operations[0].SetResult("one");
        Assert.Equal("one", await first);
        await StartedAsync();
        Assert.All(late, t => Assert.False(t.IsCompleted));
        _operations[1].SetResult("two");

        Assert.All(await Task.WhenAll(late), answer => Assert.Equal("two", answer));
        Assert.Equal(2, _operations.Count);
    }

    [Fact]
    public async Task Result_that_nobody_asks_for_is_not_kept()
    {
        var first = GetAsync();
        await CompleteAsync(0, "one");
        Assert.Equal("one", await first);

        _time.Advance(TimeSpan.FromMinutes(2));
        var second = GetAsync(maxAge: TimeSpan.FromHours(1));
        await CompleteAsync(1, "two");

        Assert.Equal("two", await second);
    }

    [Fact]
    public async Task Nothing_runs_without_callers()
    {
        var first = GetAsync();
        await CompleteAsync(0, "one");
        await first;

        Assert.False(await _started.WaitAsync(50));
    }

    [Fact]
    public async Task Keys_do_not_wait_for_each_other()
    {
        var first = GetAsync(key: "a");
        await StartedAsync();
        var second = GetAsync(key: "b");
        await CompleteAsync(1, "b");

        Assert.Equal("b", await second);
        Assert.False(first.IsCompleted);
        _operations[0].SetResult("a");
        await first;
    }

    [Theory]
    [InlineData(900, 1000, true)]
    [InlineData(1100, 1000, false)]
    [InlineData(0, 0, false)]
    public async Task Older_result_is_returned_only_within_max_age(int ageMs, int maxAgeMs, bool isShared)
    {
        var first = GetAsync();
        await StartedAsync();
        // The age counts from the start of the operation.
        _time.Advance(TimeSpan.FromMilliseconds(ageMs));
        _operations[0].SetResult("one");
        await first;

        var second = GetAsync(TimeSpan.FromMilliseconds(maxAgeMs));
        if (!isShared)
        {
            await CompleteAsync(1, "two");
        }

        Assert.Equal(isShared ? "one" : "two", await second);
    }

    [Fact]
    public async Task Max_age_allows_sharing_the_running_operation()
    {
        var first = GetAsync();
        await StartedAsync();
        var second = GetAsync(TimeSpan.FromSeconds(1));
        _operations[0].SetResult("one");

        Assert.Equal(["one", "one"], await Task.WhenAll(first, second));
    }

    [Fact]
    public async Task Only_the_last_leaving_caller_cancels_the_operation()
    {
        using var one = new CancellationTokenSource();
        using var two = new CancellationTokenSource();
        var blocker = GetAsync();
        await StartedAsync();
        var first = GetAsync(cancellationToken: one.Token);
        var second = GetAsync(cancellationToken: two.Token);
        _operations[0].SetResult("zero");
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
    public async Task Caller_after_all_others_left_gets_its_own_operation()
    {
        using var leaving = new CancellationTokenSource();
        var first = GetAsync(cancellationToken: leaving.Token);
        await StartedAsync();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        var second = GetAsync(TimeSpan.FromHours(1));
        _operations[0].SetCanceled(_tokens[0]);
        await CompleteAsync(1, "two");

        Assert.Equal("two", await second);
    }

    [Fact]
    public async Task Next_operation_without_callers_never_starts()
    {
        using var leaving = new CancellationTokenSource();
        var first = GetAsync();
        await StartedAsync();
        var second = GetAsync(cancellationToken: leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        _operations[0].SetResult("one");
        await first;

        Assert.False(await _started.WaitAsync(50));
    }

    [Fact]
    public async Task All_waiting_callers_get_the_failure_and_it_is_not_flightsd()
    {
        var first = GetAsync();
        await StartedAsync();
        var second = GetAsync(TimeSpan.FromSeconds(1));
        _operations[0].SetException(new InvalidOperationException("down"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        await Assert.ThrowsAsync<InvalidOperationException>(() => second);

        var third = GetAsync(TimeSpan.FromHours(1));
        await CompleteAsync(1, "up");

        Assert.Equal("up", await third);
    }

    private Task<string> GetAsync(TimeSpan? maxAge = null, string key = "k", CancellationToken cancellationToken = default) =>
        _flights.GetAsync(key, maxAge ?? Live, token =>
        {
            var operation = new TaskCompletionSource<string>();
            lock (_operations)
            {
                _operations.Add(operation);
                _tokens.Add(token);
            }

            _started.Release();
            return operation.Task;
        }, cancellationToken);

    /// <summary>Waits for the start of an operation and completes it.</summary>
    private async Task CompleteAsync(int operation, string result)
    {
        await StartedAsync();
        _operations[operation].SetResult(result);
    }

    private async Task StartedAsync() => Assert.True(await _started.WaitAsync(TimeSpan.FromSeconds(10)), "No operation started.");
}
