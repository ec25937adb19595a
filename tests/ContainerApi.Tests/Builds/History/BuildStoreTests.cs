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
    public async Task Builds_and_their_events_survive_a_restart_from_every_event_on()
    {
        Build before;
        List<BuildEvent> events;
        await using (var room = Room())
        {
            var run = await BuildAsync(room);
            (before, events) = (run.Describe(), await ReadAsync(room, run, 0));
        }

        await using var again = Room();
        var restored = again.Registry.Get(before.Id);

        Assert.Equivalent(before, restored.Describe(), strict: true);
        Assert.Equal((BuildState.Succeeded, Image, 5L), (before.State, before.ImageId, before.EventCount));
        for (var from = 0; from <= events.Count; from++)
        {
            Assert.Equivalent(events[from..], await ReadAsync(again, restored, from), strict: true);
        }
    }

    [Fact]
    public async Task A_follower_who_is_far_behind_reads_on_from_the_file_while_the_build_works()
    {
        const int Lines = 4000;
        var line = new string('x', 999) + "\n";
        var goOn = new TaskCompletionSource();
        _engine.Build = (_, _, _) => PrintAsync();
        await using var room = Room();
        var run = room.Start(_engine);
        await UntilAsync(() => run.Log.FirstInMemory > 0);
        await using var events = room.FollowAsync(run, 0).GetAsyncEnumerator();
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
    public async Task A_build_at_work_when_the_service_died_is_interrupted_and_its_stream_has_an_end()
    {
        var facts = Channel.CreateUnbounded<BuildFact>();
        facts.Writer.TryWrite(new StepStarted("1", 1, 1, "RUN sleep"));
        _engine.Build = (_, _, token) => facts.Reader.ReadAllAsync(token);
        var copy = Path.Combine(_directory, "copy.db");
        string id;
        await using (var room = Room())
        {
            var run = room.Start(_engine);
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
            await using var again = Room(path: copy);
            var restored = again.Registry.Get(id);
            var build = restored.Describe();
            Assert.Equal((BuildState.Interrupted, "interrupted", 3L, (DateTimeOffset?)null), (build.State, build.Error!.Code, build.EventCount, build.EndedAt));
            var events = await ReadAsync(again, restored, 0);
            Assert.Equal([typeof(StartedEvent), typeof(StepEvent), typeof(ResultEvent)], events.Select(e => e.GetType()));
            Assert.Equal("interrupted", ((ResultEvent)events[^1]).Error!.Code);
        }
    }

    [Fact]
    public async Task A_service_that_ends_well_leaves_a_cancelled_build()
    {
        var facts = Channel.CreateUnbounded<BuildFact>();
        facts.Writer.TryWrite(new StepStarted("1", 1, 1, "RUN sleep"));
        _engine.Build = (_, _, token) => facts.Reader.ReadAllAsync(token);
        string id;
        await using (var room = Room())
        {
            var run = room.Start(_engine);
            await run.Began;
            id = run.Id;
        }

        await using var again = Room();
        var build = again.Registry.Get(id).Describe();
        Assert.Equal((BuildState.Cancelled, "cancelled", "RUN sleep"), (build.State, build.Error!.Code, build.Error.Step));
    }

    [Theory]
    [InlineData(3, long.MaxValue, 3)]
    [InlineData(100, 2500, 2)]
    [InlineData(0, long.MaxValue, 0)]
    public async Task The_oldest_builds_go_first(int maxBuilds, long maxBytes, int left)
    {
        var history = new HistoryOptions { MaxBuilds = maxBuilds, MaxBytes = maxBytes };
        var ids = new List<string>();
        await using (var room = Room(history))
        {
            for (var n = 0; n < 6; n++)
            {
                ids.Add((await BuildAsync(room)).Id);
            }

            ids.Sort(StringComparer.Ordinal);
            Assert.Equal(ids.TakeLast(left), Listed(room));
        }

        await using var again = Room(history);
        Assert.Equal(ids.TakeLast(left), Listed(again));
        using var file = new SqliteConnection($"Data Source={StorePath};Mode=ReadOnly;Pooling=False");
        file.Open();
        Assert.Equal(left, await CountAsync(file, "SELECT COUNT(DISTINCT build) FROM events"));
    }

    [Fact]
    public async Task Builds_go_when_they_are_too_old()
    {
        var clock = new FakeTimeProvider();
        await using var room = Room(new HistoryOptions { MaxAge = TimeSpan.FromDays(1) }, time: clock);
        var run = await BuildAsync(room);
        clock.Advance(TimeSpan.FromHours(23));
        Assert.Single(Listed(room));
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Empty(Listed(room));
        Assert.Throws<ApiException>(() => room.Registry.Get(run.Id));
    }

    [Theory]
    [InlineData("this is no database, however long one looks at it")]
    [InlineData("")]
    public async Task A_damaged_file_is_set_aside_and_a_new_one_begun(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(StorePath)!);
        await File.WriteAllTextAsync(StorePath, string.Concat(Enumerable.Repeat(content, 1000)));
        string id;
        await using (var room = Room())
        {
            Assert.Null(room.Store.Failure);
            id = (await BuildAsync(room)).Id;
        }

        await using var again = Room();
        Assert.Equal([id], Listed(again));
        Assert.Equal(content.Length > 0 ? 1 : 0, Directory.GetFiles(Path.GetDirectoryName(StorePath)!, "*.damaged-*").Length);
    }

    [Fact]
    public async Task A_file_that_is_damaged_further_in_is_set_aside_too()
    {
        await using (var room = Room())
        {
            for (var n = 0; n < 20; n++)
            {
                await BuildAsync(room);
            }
        }

        await using (var file = File.OpenWrite(StorePath))
        {
            file.Position = 4096;
            file.Write(Enumerable.Repeat((byte)0xAB, 8192).ToArray());
        }

        await using var again = Room();
        Assert.Null(again.Store.Failure);
        Assert.Empty(Listed(again));
        await BuildAsync(again);
    }

    [Fact]
    public async Task A_second_service_leaves_the_file_to_the_first_and_builds_all_the_same()
    {
        await using var first = Room();
        await BuildAsync(first);
        await using var second = Room();

        var run = await BuildAsync(second);

        Assert.NotNull(second.Store.Failure);
        Assert.Null(first.Store.Failure);
        Assert.Equal([run.Id], Listed(second));
        Assert.Equal(5, (await ReadAsync(second, run, 0)).Count);
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_stops_no_build()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "file"), "");
        await using var room = Room(path: Path.Combine(_directory, "file", "builds.db"));

        var run = await BuildAsync(room);

        Assert.NotNull(room.Store.Failure);
        Assert.Equal(BuildState.Succeeded, run.Describe().State);
        Assert.Equal(5, (await ReadAsync(room, run, 0)).Count);
    }

    [Fact]
    public async Task A_store_that_fails_under_way_stops_no_build_and_is_told_of()
    {
        await using var room = Room();
        using (var other = new SqliteConnection($"Data Source={StorePath};Pooling=False"))
        {
            other.Open();
            using var taken = other.BeginTransaction(deferred: false);
            var run = await BuildAsync(room);
            Assert.Equal(BuildState.Succeeded, run.Describe().State);
            await UntilAsync(() => room.Store.Failure is not null);
            Assert.Equal(5, (await ReadAsync(room, run, 0)).Count);
        }
    }

    [Fact]
    public async Task Nobody_else_may_read_the_file()
    {
        await using var room = Room();
        await BuildAsync(room);
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(StorePath)!))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    private BuildHost Room(HistoryOptions? history = null, string? path = null, TimeProvider? time = null) =>
        new(time ?? TimeProvider.System, new BuildOptions { StorePath = path ?? StorePath, History = history ?? new HistoryOptions() });

    private async Task<BuildJob> BuildAsync(BuildHost room)
    {
        var run = room.Start(_engine);
        await run.Work;
        return run;
    }

    private static async Task<List<BuildEvent>> ReadAsync(BuildHost room, BuildJob run, long from)
    {
        var events = new List<BuildEvent>();
        await foreach (var told in room.FollowAsync(run, from))
        {
            events.Add(told);
        }

        return events;
    }

    private static IEnumerable<string> Listed(BuildHost room) => room.Registry.List(_ => true, null, 100).Items.Select(b => b.Id).Reverse();

    private async Task UntilStoredAsync(string id, int events)
    {
        using var file = new SqliteConnection($"Data Source={StorePath};Pooling=False");
        file.Open();
        await UntilAsync(() => CountAsync(file, $"SELECT COALESCE(MAX(next), 0) FROM events WHERE build = '{id}'").Result >= events);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(20, patience.Token);
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
