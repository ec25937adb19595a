using static ContainerApi.Tests.Hosting.IdempotencyTests;

namespace ContainerApi.Tests.Builds;

/// <summary>Builds that are repeated with their <c>Idempotency-Key</c>.</summary>
public sealed class BuildIdempotencyTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("containerapi-keys-").FullName;

    private BuildApi _api;

    public BuildIdempotencyTests() => _api = Start();

    public void Dispose()
    {
        _api.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("text/x-dockerfile", "FROM x")]
    [InlineData("application/json", """{"dockerfile":"FROM x"}""")]
    [InlineData("application/x-tar", null)]
    public async Task Repeated_build_gets_the_ended_build(string type, string? text)
    {
        var posting = PostAsync("/builds", type, text);
        (await _api.NextAsync()).Succeed();
        using var first = await posting;
        var lines = await first.Content.ReadAsStringAsync();

        using var again = await PostAsync("/builds", type, text);

        Assert.Equal(lines, await again.Content.ReadAsStringAsync());
        Assert.Equal("true", again.Headers.GetValues("Idempotency-Replayed").Single());
        Assert.Single(await _api.ListAsync());
        using var other = await PostAsync("/builds", type, (text ?? Tar("FROM x")) + " ");
        await other.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Fact]
    public async Task Form_with_another_boundary_gets_the_ended_build()
    {
        string Form(string boundary, string dockerfile = "FROM x\r\n# --not-the-boundary\r") =>
            $"--{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"Dockerfile\"\r\n\r\n{dockerfile}\r\n--{boundary}--\r\n";

        Task<HttpResponseMessage> PostFormAsync(string boundary, string form) =>
            PostAsync("/builds", $"multipart/form-data; boundary={boundary}", form);

        var posting = PostFormAsync("one", Form("one"));
        (await _api.NextAsync()).Succeed();
        using var first = await posting;
        using var again = await PostFormAsync("not-the-other", Form("not-the-other"));
        using var other = await PostFormAsync("two", Form("two", "FROM y"));

        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        Assert.Equal("true", again.Headers.GetValues("Idempotency-Replayed").Single());
        await other.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Fact]
    public async Task Build_continues_while_a_repeated_request_waits_for_it()
    {
        var posting = PostAsync("/builds");
        var build = await _api.NextAsync();
        build.Begin();
        var first = await posting;
        using var reader = new StreamReader(await first.Content.ReadAsStreamAsync());
        await BuildApi.LinesAsync(reader, 2);
        using var again = await PostAsync("/builds");
        using var follower = new StreamReader(await again.Content.ReadAsStreamAsync());
        await BuildApi.LinesAsync(follower, 2);

        first.Dispose();
        build.Finish();

        Assert.Equal("succeeded", BuildApi.Text((await BuildApi.LinesAsync(follower, 2))[^1], "state"));
        Assert.Single(await _api.ListAsync());
    }

    [Fact]
    public async Task Build_that_failed_is_repeated_and_one_that_was_stopped_starts_anew()
    {
        var posting = PostAsync("/builds?mode=wait");
        (await _api.NextAsync()).End(new BuildFailed("No.", null, null));
        using var failed = await posting;
        using var again = await PostAsync("/builds?mode=wait");
        await failed.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "build_failed");
        await again.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "build_failed");
        Assert.Equal("true", again.Headers.GetValues("Idempotency-Replayed").Single());
        Assert.Single(await _api.ListAsync());

        var id = await DetachAsync("two");
        using var cancelled = await _api.Client.PostAsync($"/builds/{id}/cancel", null);
        await _api.UntilEndedAsync(id);

        Assert.NotEqual(id, await DetachAsync("two"));
    }

    [Fact]
    public async Task Restart_keeps_the_keys()
    {
        var id = await DetachAsync("one", end: true);
        await _api.UntilEndedAsync(id);
        _api.Dispose();
        _api = Start();

        using var again = await PostAsync("/builds?mode=detach");

        Assert.Equal(id, BuildApi.Text(await again.ReadJsonAsync(HttpStatusCode.Accepted), "id"));
        using var alias = await PostAsync("/images/build?mode=detach");
        Assert.Equal(id, BuildApi.Text(await alias.ReadJsonAsync(HttpStatusCode.Accepted), "id"));
        using var other = await PostAsync("/builds?mode=detach&tag=x");
        await other.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    private BuildApi Start() => new(new() { ["StorePath"] = Path.Combine(_directory, "state", "builds.db") });

    private async Task<string> DetachAsync(string key, bool end = false)
    {
        var posting = PostAsync("/builds?mode=detach", key: key);
        var build = await _api.NextAsync();
        build.Begin();
        if (end)
        {
            build.Finish();
        }

        using var response = await posting;
        return BuildApi.Text(await response.ReadJsonAsync(HttpStatusCode.Accepted), "id")!;
    }

    private Task<HttpResponseMessage> PostAsync(string path, string type = "text/x-dockerfile", string? text = "FROM x", string key = "one")
    {
        var content = new ByteArrayContent(Encoding.Latin1.GetBytes(text ?? Tar("FROM x")));
        content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
        return SendAsync(_api.Client, path, content, key);
    }

    /// <summary>An archive with a Dockerfile, as Latin-1.</summary>
    private static string Tar(string dockerfile)
    {
        using var archive = new MemoryStream();
        using (var writer = new System.Formats.Tar.TarWriter(archive, System.Formats.Tar.TarEntryFormat.Ustar, leaveOpen: true))
        {
            writer.WriteEntry(new System.Formats.Tar.UstarTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "Dockerfile")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(dockerfile)),
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
        }

        return Encoding.Latin1.GetString(archive.ToArray());
    }
}
