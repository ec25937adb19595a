using System.Net.Sockets;

namespace ContainerApi.EngineTests;

/// <summary>Contexts on their way to a real engine: changed between builds, shared by builds, and left by their client.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildTransferTests(EngineFixture fixture) : BuildCalls(fixture)
{
    private static readonly DateTime Time = new(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc);

    /// <summary>Engines compare size and time, as for buildx: a changed content with the same size and time does not travel.</summary>
    [Theory]
    [InlineData("first", 1, "first")]
    [InlineData("longer than before", 0, "longer than before")]
    [InlineData("other", 1, "other")]
    [InlineData("other", 0, "first")]
    public async Task Change_of_size_or_time_between_builds_is_seen(string content, int hours, string expected)
    {
        var name = Fixture.UniqueName("changed");
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(Fixture.ContextRoot, name)).FullName, "file");
        var dockerfile = $"FROM {Fixture.Image}\nCOPY file /file\nRUN echo \"[$(cat /file)]\" {name}\n";

        await WriteAsync("first", Time);
        await PrintAsync();
        await WriteAsync(content, Time.AddHours(hours));
        var printed = await PrintAsync();

        // The same content is cached, whatever its time, and prints nothing.
        Assert.Equal(expected == "first" ? [] : [$"[{expected}] {name}\n"], printed);

        async Task WriteAsync(string text, DateTime time)
        {
            await File.WriteAllTextAsync(file, text);
            File.SetLastWriteTimeUtc(file, time);
        }

        async Task<IEnumerable<string>> PrintAsync()
        {
            var labels = new Dictionary<string, string> { [EngineFixture.Label] = Fixture.Run };
            var lines = await Fixture.StreamAsync("/builds", new { path = name, dockerfile, labels, builder = "buildkit" });
            Succeeded(lines);
            return lines.Where(l => Is(l, "log")).Select(l => Text(l, "text"));
        }
    }

    [Fact]
    public async Task Ten_builds_of_one_directory_at_once_have_all_files()
    {
        var name = Fixture.UniqueName("shared");
        var directory = Directory.CreateDirectory(Path.Combine(Fixture.ContextRoot, name)).FullName;
        for (var n = 100; n < 300; n++)
        {
            await File.WriteAllTextAsync(Path.Combine(directory, $"file{n}"), $"{n}\n");
        }

        var builds = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => Fixture.StreamAsync("/builds", new
        {
            path = name,
            dockerfile = $"FROM {Fixture.Image}\nCOPY . /files/\nRUN cat /files/* && echo {name}-{n}\n",
            labels = new Dictionary<string, string> { [EngineFixture.Label] = Fixture.Run },
            builder = "buildkit",
        })));

        var files = string.Concat(Enumerable.Range(100, 200).Select(n => $"{n}\n"));
        for (var n = 0; n < builds.Length; n++)
        {
            Succeeded(builds[n]);
            Assert.Equal($"{files}{name}-{n}\n", string.Concat(builds[n].Where(l => Is(l, "log")).Select(l => Text(l, "text"))));
        }
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Client_that_leaves_in_the_middle_of_its_archive_cancels_its_build(string builder)
    {
        var tag = Tag();
        var archive = Archive.Tar(("Dockerfile", "FROM scratch\nCOPY big /\n"), ("big", new string('x', 8_000_000)));
        var head = $"POST /builds?tag={tag}&{With(builder)} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-tar\r\n"
            + $"Content-Length: {archive.Length}\r\n\r\n";
        var id = "";
        // The tests' HttpClient would read the whole archive before it sends it.
        using (var socket = new TcpClient(Fixture.Client.BaseAddress!.Host, Fixture.Client.BaseAddress.Port))
        {
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
            await socket.GetStream().WriteAsync(archive.AsMemory(0, archive.Length / 2));
            await EngineFixture.UntilAsync(async () => (id = await FindRunningAsync(tag)) != "");
        }

        Assert.Equal("cancelled", Text((await EventsAsync(Fixture.Client, id))[^1], "state"));
        await AssertNoImageAsync(tag);
    }

    private async Task<string> FindRunningAsync(string tag) => (await Fixture.Client.GetFromJsonAsync<JsonObject>("/builds?limit=100"))!["items"]!
        .AsArray().Where(b => Texts(b!["tags"]).Contains(tag) && Text(b, "state") == "running").Select(b => Text(b!, "id")).FirstOrDefault("");
}
