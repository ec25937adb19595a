using Microsoft.Data.Sqlite;

namespace ContainerApi.Tests.Builds.History;

public sealed class HostileStoreTests : IDisposable
{
    private const string Id = "01KC0000000000000000000000";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _directory = Directory.CreateTempSubdirectory("containerapi-store-").FullName;

    private string StorePath => Path.Combine(_directory, "builds.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"id":"ID","state":"exploded","engine":"local","tags":[],"createdAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"id":"ID","state":3,"engine":"local","tags":[],"createdAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"id":"ID","state":"succeeded","engine":"local","createdAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"id":"ID","state":"succeeded","engine":"local","tags":null,"createdAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"id":"ID","state":"succeeded","engine":"local","tags":[null],"createdAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"id":"ID","state":"succeeded","engine":"local","tags":[],"warnings":[null],"createdAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"id":"ID","state":"succeeded","engine":"local","tags":[],"createdAt":"once"}""")]
    [InlineData("""{"id":"other","state":"succeeded","engine":"local","tags":[],"createdAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"id":"../x","state":"succeeded","engine":"local","tags":[],"createdAt":"2026-01-01T00:00:00Z"}""", "../x")]
    [InlineData("""{"id":"ID","state":"succeeded","engine":"local","tags":[],"createdAt":"2026-01-01T00:00:00Z"}""", Id, -1)]
    public async Task Impossible_row_is_set_aside_and_the_others_load(string document, string id = Id, long bytes = 0)
    {
        var good = await BuildAsync();
        Insert(id, document.Replace("ID", Id, StringComparison.Ordinal), bytes);

        for (var restart = 0; restart < 2; restart++)
        {
            using var api = CreateApi();
            Assert.Equal([good], await api.ListAsync());
            Assert.Equal("ok", BuildApi.Text(await api.GetJsonAsync("/readyz"), "state"));
            Assert.NotEmpty(await api.EventsAsync(good));
        }

        Assert.Equal(1, CountInvalid());
        Assert.Empty(Directory.GetFiles(_directory, "*.damaged-*"));
    }

    [Fact]
    public async Task Existing_files_become_private()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var id = await BuildAsync();
        foreach (var file in Directory.GetFiles(_directory))
        {
            File.SetUnixFileMode(file, Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        using var api = CreateApi();

        Assert.Equal([id], await api.ListAsync());
        foreach (var file in Directory.GetFiles(_directory))
        {
            Assert.Equal(Private, File.GetUnixFileMode(file));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-wal")]
    [InlineData("-shm")]
    [InlineData(".lock")]
    public async Task Symbolic_link_is_refused_and_builds_are_kept_in_memory(string suffix)
    {
        var target = Path.Combine(_directory, "target");
        await File.WriteAllTextAsync(target, "keep");
        File.CreateSymbolicLink(StorePath + suffix, target);

        using var api = CreateApi();
        (await api.StartAsync()).Finish();

        Assert.Equal("degraded", BuildApi.Text(await api.GetJsonAsync("/readyz"), "state"));
        Assert.Single(await api.ListAsync());
        Assert.Equal("keep", await File.ReadAllTextAsync(target));
    }

    private BuildApi CreateApi() => new(new() { ["StorePath"] = StorePath });

    private async Task<string> BuildAsync()
    {
        using var api = CreateApi();
        var build = await api.StartAsync();
        build.Finish();
        await api.UntilEndedAsync(build.Id);
        return build.Id;
    }

    private void Insert(string id, string document, long bytes)
    {
        using var file = Open();
        using var command = file.CreateCommand();
        command.CommandText = "INSERT INTO builds (id, document, bytes) VALUES ($id, $document, $bytes)";
        command.Parameters.AddWithValue("$id", id);
        command.Parameters.AddWithValue("$document", document);
        command.Parameters.AddWithValue("$bytes", bytes);
        command.ExecuteNonQuery();
    }

    private long CountInvalid()
    {
        using var file = Open();
        using var command = file.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM invalid_builds";
        return (long)command.ExecuteScalar()!;
    }

    private SqliteConnection Open()
    {
        var file = new SqliteConnection($"Data Source={StorePath};Pooling=False");
        file.Open();
        return file;
    }
}
