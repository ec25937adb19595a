using Microsoft.Data.Sqlite;

namespace ContainerApi.Tests.Builds.History;

public sealed class BuildStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("containerapi-store-").FullName;

    private string StorePath => Path.Combine(_directory, "state", "builds.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Stored_builds_can_be_followed_from_every_event_after_a_restart()
    {
        string id, before;
        List<string> events;
        using (var api = CreateApi())
        {
            id = await BuildAsync(api);
            before = (await api.GetJsonAsync("/builds/" + id)).GetRawText();
            events = Raw(await api.EventsAsync(id));
        }

        using var again = CreateApi();

        Assert.Equal(before, (await again.GetJsonAsync("/builds/" + id)).GetRawText());
        Assert.Equal(5, events.Count);
        for (var from = 0; from <= events.Count; from++)
        {
            Assert.Equal(events[from..], Raw(await again.EventsAsync(id, from)));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Builds_of_an_older_store_are_removed(int version)
    {
        using (var api = CreateApi())
        {
            await BuildAsync(api);
        }

        using (var file = Open(StorePath))
        {
            using var command = file.CreateCommand();
            command.CommandText = $"PRAGMA user_version = {version}";
            command.ExecuteNonQuery();
        }

        string id;
        using (var again = CreateApi())
        {
            Assert.Empty(await again.ListAsync());
            id = await BuildAsync(again);
        }

        using var later = CreateApi();
        Assert.Equal([id], await later.ListAsync());
    }

    [Fact]
    public async Task Slow_follower_reads_stored_events_of_a_running_build()
    {
        const int Lines = 4000;
        var facts = Enumerable.Range(0, Lines).Select(n => new StepLog("1", "stdout", new string('x', 999) + "\n")).ToArray();
        using var api = CreateApi();
        var build = await api.StartAsync();
        build.Report(facts);
        await UntilStoredAsync(build.Id, events: 200);

        var following = api.EventsAsync(build.Id);
        build.Report(facts);
        build.Finish();

        var events = await following;
        Assert.Equal(2 * Lines * 1000, events.Where(e => BuildApi.Text(e, "type") == "log").Sum(e => BuildApi.Text(e, "text")!.Length));
        Assert.Equal("result", BuildApi.Text(events[^1], "type"));
    }

    [Fact]
    public async Task Build_that_ran_during_a_crash_is_interrupted_with_a_result()
    {
        var copy = Path.Combine(_directory, "copy.db");
        string id;
        using (var api = CreateApi())
        {
            id = (await api.StartAsync()).Id;
            await UntilStoredAsync(id, events: 2);
            // What the disk would hold after a sudden death.
            using var source = Open(StorePath);
            using var target = Open(copy);
            source.BackupDatabase(target);
        }

        for (var restart = 0; restart < 2; restart++)
        {
            using var again = CreateApi(path: copy);
            var build = await again.GetJsonAsync("/builds/" + id);
            Assert.Equal(("interrupted", JsonValueKind.Null), (BuildApi.Text(build, "state"), build.GetProperty("finishedAt").ValueKind));
            var events = await again.EventsAsync(id);
            Assert.Equal(["started", "step", "result"], events.Select(e => BuildApi.Text(e, "type")));
            Assert.StartsWith("interrupted: ", BuildApi.Error(events[^1]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Shutdown_of_the_service_interrupts_builds()
    {
        EngineBuild build;
        using (var api = CreateApi())
        {
            build = await api.StartAsync();
        }

        await build.Stopped;
        using var again = CreateApi();
        Assert.Equal("interrupted", BuildApi.Text(await again.GetJsonAsync("/builds/" + build.Id), "state"));
        Assert.Equal("interrupted: The service is stopping. (RUN x)", BuildApi.Error((await again.EventsAsync(build.Id))[^1]));
    }

    [Theory]
    [InlineData("MaxBuilds", "3", 3)]
    [InlineData("MaxBytes", "3000", 2)]
    [InlineData("MaxBuilds", "0", 0)]
    public async Task Oldest_builds_are_removed_first(string setting, string value, int left)
    {
        var settings = new Dictionary<string, string> { ["History:" + setting] = value };
        var ids = new List<string>();
        using (var api = CreateApi(settings))
        {
            for (var n = 0; n < 6; n++)
            {
                ids.Add(await BuildAsync(api));
                // Ids of the same millisecond have no order.
                await Task.Delay(2);
            }

            Assert.Equal(ids.TakeLast(left).Reverse(), await api.ListAsync());
        }

        using var again = CreateApi(settings);
        Assert.Equal(ids.TakeLast(left).Reverse(), await again.ListAsync());
        using var file = Open(StorePath);
        Assert.Equal(left, Count(file, "SELECT COUNT(DISTINCT build) FROM events"));
    }

    [Fact]
    public async Task Builds_beyond_the_maximum_age_are_removed()
    {
        var clock = new FakeTimeProvider();
        using var api = new BuildApi(new() { ["History:MaxAge"] = "1.00:00:00" }, clock);
        await BuildAsync(api);
        clock.Advance(TimeSpan.FromHours(23));
        Assert.Single(await api.ListAsync());
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Empty(await api.ListAsync());
    }

    [Theory]
    [InlineData("this is not a database")]
    [InlineData("")]
    public async Task Damaged_file_is_renamed_and_replaced(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(StorePath)!);
        await File.WriteAllTextAsync(StorePath, string.Concat(Enumerable.Repeat(content, 1000)));
        string id;
        using (var api = CreateApi())
        {
            Assert.Equal("ok", await ReadinessAsync(api));
            id = await BuildAsync(api);
        }

        using var again = CreateApi();
        Assert.Equal([id], await again.ListAsync());
        Assert.Equal(content.Length > 0 ? 1 : 0, Directory.GetFiles(Path.GetDirectoryName(StorePath)!, "*.damaged-*").Length);
    }

    [Fact]
    public async Task File_with_damaged_pages_is_renamed_and_replaced()
    {
        using (var api = CreateApi())
        {
            for (var n = 0; n < 20; n++)
            {
                await BuildAsync(api);
            }
        }

        await using (var file = File.OpenWrite(StorePath))
        {
            file.Position = 4096;
            file.Write(Enumerable.Repeat((byte)0xAB, 8192).ToArray());
        }

        using var again = CreateApi();
        Assert.Equal("ok", await ReadinessAsync(again));
        Assert.Empty(await again.ListAsync());
        await BuildAsync(again);
    }

    [Fact]
    public async Task Second_service_keeps_builds_in_memory()
    {
        using var first = CreateApi();
        await BuildAsync(first);
        using var second = CreateApi();

        var id = await BuildAsync(second);

        Assert.Equal(("ok", "degraded"), (await ReadinessAsync(first), await ReadinessAsync(second)));
        Assert.Equal([id], await second.ListAsync());
        Assert.Equal(5, (await second.EventsAsync(id)).Count);
    }

    [Fact]
    public async Task Unwritable_path_does_not_stop_builds_and_is_reported()
    {
        using var api = CreateApi(path: "/dev/null/builds.db");

        var id = await BuildAsync(api);

        Assert.Equal(5, (await api.EventsAsync(id)).Count);
        var readiness = await api.GetJsonAsync("/readyz");
        Assert.Equal(("degraded", "builds"), (BuildApi.Text(readiness, "state"), BuildApi.Text(readiness.GetProperty("parts")[0], "name")));
        Assert.DoesNotContain("/dev/null", readiness.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failing_store_does_not_stop_builds_and_is_reported()
    {
        using var api = CreateApi();
        using var other = Open(StorePath);
        using var taken = other.BeginTransaction(deferred: false);

        var id = await BuildAsync(api);

        await BuildApi.UntilAsync(async () => await ReadinessAsync(api) == "degraded");
        Assert.Equal(5, (await api.EventsAsync(id)).Count);
    }

    [Fact]
    public async Task Files_of_the_store_are_private()
    {
        using var api = CreateApi();
        await BuildAsync(api);
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(StorePath)!))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    private BuildApi CreateApi(Dictionary<string, string>? settings = null, string? path = null) =>
        new(new Dictionary<string, string>(settings ?? []) { ["StorePath"] = path ?? StorePath });

    /// <summary>Runs a build with five events and returns its id.</summary>
    private static async Task<string> BuildAsync(BuildApi api)
    {
        var lines = await api.RunAsync(
            "", new StepStarted("1", 1, 1, "RUN x"), new StepLog("1", "stdout", new string('x', 400) + "\n"), new StepCompleted("1", false),
            new ImageBuilt(BuildApi.Image));
        return BuildApi.Text(lines[0], "buildId")!;
    }

    private static List<string> Raw(IEnumerable<JsonElement> lines) => [.. lines.Select(l => l.GetRawText())];

    private static async Task<string?> ReadinessAsync(BuildApi api) => BuildApi.Text(await api.GetJsonAsync("/readyz"), "state");

    private async Task UntilStoredAsync(string id, int events)
    {
        using var file = Open(StorePath);
        await BuildApi.UntilAsync(() => Task.FromResult(Count(file, $"SELECT COALESCE(MAX(next), 0) FROM events WHERE build = '{id}'") >= events));
    }

    private static SqliteConnection Open(string path)
    {
        var file = new SqliteConnection($"Data Source={path};Pooling=False");
        file.Open();
        return file;
    }

    private static long Count(SqliteConnection file, string sql)
    {
        using var command = file.CreateCommand();
#pragma warning disable CA2100 // The test's own text.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (long)command.ExecuteScalar()!;
    }
}
