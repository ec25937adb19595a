using System.Threading.Channels;
using ContainerApi.Builds;
using Microsoft.Data.Sqlite;

namespace ContainerApi.Tests.Builds.History;

public sealed class BuildStoreTests : IDisposable
{
    private const string Image = "sha256:205312e33451ce9a371c6493573e41eb930be2f25d47ca067066aa96baf80d27";
    private readonly string _directory = Directory.CreateTempSubdirectory("containerapi-store-").FullName;
    private readonly FakeEngine _engine = new();

    public BuildStoreTests()
    {
        _engine.Build = (_, _, _) => Facts();
        _engine.InspectImage = (id, _) => Task.FromResult(new ImageDetails { Summary = new ImageFacts { Id = id, CreatedAt = null, SizeBytes = 1 } });
    }

    private string StorePath => Path.Combine(_directory, "state", "builds.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Stored_builds_can_be_followed_from_every_event_after_a_restart()
    {
        Build before;
        List<BuildEvent> events;
        await using (var host = CreateHost())
        {
            var run = await BuildAsync(host);
            (before, events) = (run.Describe(), await ReadAsync(host, run, 0));
        }

        await using var again = CreateHost();
        var restored = again.Registry.Get(new BuildId(before.Id));

        Assert.Equivalent(before, restored.Describe(), strict: true);
        Assert.Equal((BuildState.Succeeded, Image, 5L), (before.State, before.ImageId, before.EventCount));
        for (var from = 0; from <= events.Count; from++)
        {
            Assert.Equivalent(events[from..], await ReadAsync(again, restored, from), strict: true);
        }
    }

    [Fact]
    public async Task A_slow_follower_reads_stored_events_of_a_running_build()
    {
        const int Lines = 4000;
        var line = new string('x', 999) + "\n";
        var goOn = new TaskCompletionSource();
        _engine.Build = (_, _, _) => PrintAsync();
        await using var host = CreateHost();
        var run = host.Start(_engine);
        await UntilAsync(() => run.Log.FirstInMemory > 0);
        await using var events = host.FollowAsync(run, 0).GetAsyncEnumerator();
        var (text, last) = (0, (BuildEvent?)null);
        while (await events.MoveNextAsync())
        {
            (text, last) = (text + ((events.Current as LogEvent)?.Text.Length ?? 0), events.Current);
            goOn.TrySetResult();
        }

        Assert.Equal(2 * Lines * line.Length, text);
        Assert.IsType<ResultEvent>(last);

        async IAsyncEnumerable<BuildFact> PrintAsync()
        {
            yield return new StepStarted("1", 1, 1, "RUN print");
            for (var n = 0; n < 2 * Lines; n++)
            {
                yield return new StepLog("1", "stdout", line);
                if (n == Lines - 1)
                {
                    await goOn.Task;
                }
            }

            yield return new ImageBuilt(Image);
        }
    }

    [Fact]
    public async Task A_build_that_ran_during_a_crash_is_interrupted_with_a_result()
    {
        var facts = Channel.CreateUnbounded<BuildFact>();
        facts.Writer.TryWrite(new StepStarted("1", 1, 1, "RUN sleep"));
        _engine.Build = (_, _, token) => facts.Reader.ReadAllAsync(token);
        var copy = Path.Combine(_directory, "copy.db");
        string id;
        await using (var host = CreateHost())
        {
            var run = host.Start(_engine);
            id = run.Id;
            await UntilStoredAsync(id, events: 2);
            // What the disk would hold after a sudden death.
            using var source = new SqliteConnection($"Data Source={StorePath};Pooling=False");
            using var target = new SqliteConnection($"Data Source={copy};Pooling=False");
            source.Open();
            target.Open();
            source.BackupDatabase(target);
        }

        for (var life = 0; life < 2; life++)
        {
            await using var again = CreateHost(path: copy);
            var restored = again.Registry.Get(new BuildId(id));
            var build = restored.Describe();
            Assert.Equal((BuildState.Interrupted, "interrupted", 3L, (DateTimeOffset?)null), (build.State, build.Error!.Code, build.EventCount, build.EndedAt));
            var events = await ReadAsync(again, restored, 0);
            Assert.Equal([typeof(StartedEvent), typeof(StepEvent), typeof(ResultEvent)], events.Select(e => e.GetType()));
            Assert.Equal("interrupted", ((ResultEvent)events[^1]).Error!.Code);
        }
    }

    [Fact]
    public async Task A_shutdown_leaves_a_cancelled_build()
    {
        var facts = Channel.CreateUnbounded<BuildFact>();
        facts.Writer.TryWrite(new StepStarted("1", 1, 1, "RUN sleep"));
        _engine.Build = (_, _, token) => facts.Reader.ReadAllAsync(token);
        string id;
        await using (var host = CreateHost())
        {
            var run = host.Start(_engine);
            await run.Began;
            id = run.Id;
        }

        await using var again = CreateHost();
        var build = again.Registry.Get(new BuildId(id)).Describe();
        Assert.Equal((BuildState.Cancelled, "cancelled", "RUN sleep"), (build.State, build.Error!.Code, build.Error.Step));
    }

    [Theory]
    [InlineData(3, long.MaxValue, 3)]
    [InlineData(100, 2500, 2)]
    [InlineData(0, long.MaxValue, 0)]
    public async Task The_oldest_builds_are_removed_first(int maxBuilds, long maxBytes, int left)
    {
        var history = new HistoryOptions { MaxBuilds = maxBuilds, MaxBytes = maxBytes };
        var ids = new List<string>();
        await using (var host = CreateHost(history))
        {
            for (var n = 0; n < 6; n++)
            {
                ids.Add((await BuildAsync(host)).Id);
            }

            ids.Sort(StringComparer.Ordinal);
            Assert.Equal(ids.TakeLast(left), Listed(host));
        }

        await using var again = CreateHost(history);
        Assert.Equal(ids.TakeLast(left), Listed(again));
        using var file = new SqliteConnection($"Data Source={StorePath};Mode=ReadOnly;Pooling=False");
        file.Open();
        Assert.Equal(left, await CountAsync(file, "SELECT COUNT(DISTINCT build) FROM events"));
    }

    [Fact]
    public async Task Builds_beyond_the_maximum_age_are_removed()
    {
        var clock = new FakeTimeProvider();
        await using var host = CreateHost(new HistoryOptions { MaxAge = TimeSpan.FromDays(1) }, time: clock);
        var run = await BuildAsync(host);
        clock.Advance(TimeSpan.FromHours(23));
        Assert.Single(Listed(host));
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Empty(Listed(host));
        Assert.Throws<ApiException>(() => host.Registry.Get(new BuildId(run.Id)));
    }

    [Theory]
    [InlineData("this is no database, however long one looks at it")]
    [InlineData("")]
    public async Task A_damaged_file_is_renamed_and_replaced(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(StorePath)!);
        await File.WriteAllTextAsync(StorePath, string.Concat(Enumerable.Repeat(content, 1000)));
        string id;
        await using (var host = CreateHost())
        {
            Assert.Null(host.Store.Failure);
            id = (await BuildAsync(host)).Id;
        }

        await using var again = CreateHost();
        Assert.Equal([id], Listed(again));
        Assert.Equal(content.Length > 0 ? 1 : 0, Directory.GetFiles(Path.GetDirectoryName(StorePath)!, "*.damaged-*").Length);
    }

    [Fact]
    public async Task A_file_with_damaged_pages_is_renamed_and_replaced()
    {
        await using (var host = CreateHost())
        {
            for (var n = 0; n < 20; n++)
            {
                await BuildAsync(host);
            }
        }

        await using (var file = File.OpenWrite(StorePath))
        {
            file.Position = 4096;
            file.Write(Enumerable.Repeat((byte)0xAB, 8192).ToArray());
        }

        await using var again = CreateHost();
        Assert.Null(again.Store.Failure);
        Assert.Empty(Listed(again));
        await BuildAsync(again);
    }

    [Fact]
    public async Task A_second_service_keeps_builds_in_memory()
    {
        await using var first = CreateHost();
        await BuildAsync(first);
        await using var second = CreateHost();

        var run = await BuildAsync(second);

        Assert.NotNull(second.Store.Failure);
        Assert.Null(first.Store.Failure);
        Assert.Equal([run.Id], Listed(second));
        Assert.Equal(5, (await ReadAsync(second, run, 0)).Count);
    }

    [Fact]
    public async Task An_unwritable_path_does_not_stop_builds()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "file"), "");
        await using var host = CreateHost(path: Path.Combine(_directory, "file", "builds.db"));

        var run = await BuildAsync(host);

        Assert.NotNull(host.Store.Failure);
        Assert.Equal(BuildState.Succeeded, run.Describe().State);
        Assert.Equal(5, (await ReadAsync(host, run, 0)).Count);
    }

    [Fact]
    public async Task A_failing_store_does_not_stop_builds_and_is_reported()
    {
        await using var host = CreateHost();
        using (var other = new SqliteConnection($"Data Source={StorePath};Pooling=False"))
        {
            other.Open();
            using var taken = other.BeginTransaction(deferred: false);
            var run = await BuildAsync(host);
            Assert.Equal(BuildState.Succeeded, run.Describe().State);
            await UntilAsync(() => host.Store.Failure is not null);
            Assert.Equal(5, (await ReadAsync(host, run, 0)).Count);
        }
    }

    [Fact]
    public async Task The_file_is_private()
    {
        await using var host = CreateHost();
        await BuildAsync(host);
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(StorePath)!))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    private BuildHost CreateHost(HistoryOptions? history = null, string? path = null, TimeProvider? time = null) =>
        new(time ?? TimeProvider.System, new BuildOptions { StorePath = path ?? StorePath, History = history ?? new HistoryOptions() });

    private async Task<BuildJob> BuildAsync(BuildHost host)
    {
        var run = host.Start(_engine);
        await run.Work;
        return run;
    }

    private static async Task<List<BuildEvent>> ReadAsync(BuildHost host, BuildJob run, long from)
    {
        var events = new List<BuildEvent>();
        await foreach (var buildEvent in host.FollowAsync(run, from))
        {
            events.Add(buildEvent);
        }

        return events;
    }

    private static IEnumerable<string> Listed(BuildHost host) => host.Registry.List(_ => true, null, 100).Items.Select(b => b.Id).Reverse();

    private async Task UntilStoredAsync(string id, int events)
    {
        using var file = new SqliteConnection($"Data Source={StorePath};Pooling=False");
        file.Open();
        await UntilAsync(() => CountAsync(file, $"SELECT COALESCE(MAX(next), 0) FROM events WHERE build = '{id}'").Result >= events);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(20, timeout.Token);
        }
    }

    private static async Task<long> CountAsync(SqliteConnection file, string sql)
    {
        using var command = file.CreateCommand();
#pragma warning disable CA2100 // The tests' own words.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async IAsyncEnumerable<BuildFact> Facts()
    {
        yield return new StepStarted("1", 1, 1, "RUN x");
        await Task.Yield();
        yield return new StepLog("1", "stdout", new string('x', 400) + "\n");
        yield return new StepCompleted("1", false);
        yield return new ImageBuilt(Image);
    }
}
