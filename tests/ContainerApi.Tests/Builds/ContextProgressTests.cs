using System.IO.Pipelines;
using ContainerApi.Archives;

namespace ContainerApi.Tests.Builds;

public sealed class ContextProgressTests : IDisposable
{
    private const int FileSize = 3_000_000;
    private readonly string _root = Directory.CreateTempSubdirectory("containerapi-root-").FullName;
    private readonly TestClock _clock = new();
    private readonly BuildApi _api;

    public ContextProgressTests() => _api = new BuildApi(new() { ["ContextRoots:0"] = _root }, _clock);

    public void Dispose()
    {
        _api.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Progress_of_a_directory_starts_the_stream_before_the_engine_has_read_it()
    {
        File.WriteAllText(Path.Combine(_root, "Dockerfile"), "FROM x\n");
        File.WriteAllBytes(Path.Combine(_root, "large"), new byte[FileSize]);
        var (read, build) = (new TaskCompletionSource(), _api.Engine.Build);
        _api.Engine.Build = (spec, context, token) => AfterAsync(read.Task, () => build(spec, context, token));

        var posting = _api.PostAsync("", """{"path":"."}""", "application/json");
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1));
        using var stream = new StreamReader(await (await posting).Content.ReadAsStreamAsync());
        var lines = await BuildApi.LinesAsync(stream, 2);
        read.SetResult();
        (await _api.NextAsync()).Succeed();
        lines.Add(await BuildApi.LineAsync(stream));

        Assert.Equal(["started", "progress", "progress"], lines.Select(l => BuildApi.Text(l, "type")));
        Assert.Equal(
            [("context", "sending"), ("context", "sent")], lines.Skip(1).Select(l => (BuildApi.Text(l, "layer"), BuildApi.Text(l, "status"))));
        Assert.True(lines[2].GetProperty("currentBytes").GetInt64() > FileSize);
        Assert.Equal("succeeded", BuildApi.Text((await BuildApi.LinesAsync(stream, 3))[^1], "state"));
    }

    [Fact]
    public async Task Progress_of_an_upload_is_followed_and_its_error_stays_a_problem()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(TarHeader.Create(TarHeader.File, "large", TarHeader.DefaultFileMode, FileSize, 0));
        using var body = new StreamContent(pipe.Reader.AsStream());
        body.Headers.ContentType = new("application/x-tar");

        var posting = _api.StreamingClient.PostAsync("/images/build", body);
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1));
        using var following = await _api.Client.GetAsync(
            $"/builds/{(await _api.ListAsync()).Single()}/events", HttpCompletionOption.ResponseHeadersRead);
        using var stream = new StreamReader(await following.Content.ReadAsStreamAsync());
        var lines = await BuildApi.LinesAsync(stream, 2);
        var isBegun = posting.IsCompleted;
        await pipe.Writer.CompleteAsync();

        Assert.Equal(["started", "progress"], lines.Select(l => BuildApi.Text(l, "type")));
        Assert.False(isBegun);
        await (await posting).ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_context");
    }

    private static async IAsyncEnumerable<BuildFact> AfterAsync(Task task, Func<IAsyncEnumerable<BuildFact>> build)
    {
        await task;
        await foreach (var fact in build())
        {
            yield return fact;
        }
    }
}
