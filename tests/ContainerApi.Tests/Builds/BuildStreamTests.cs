namespace ContainerApi.Tests.Builds;

public sealed class BuildStreamTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly BuildApi _api;

    public BuildStreamTests() => _api = new BuildApi(new() { ["MaxConcurrent"] = "1" }, _clock);

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task Build_reports_events_from_started_to_result()
    {
        var (build, stream) = await _api.OpenAsync(
            "tag=app:v1", new StepStarted("1", 1, 2, "FROM x"), new StepCompleted("1", true), new StepStarted("2", 2, 2, "RUN y"));
        var lines = await BuildApi.LinesAsync(stream, 4);
        _clock.Advance(TimeSpan.FromSeconds(2));
        build.End(
            new StepLog("2", "stderr", "oh\n"), new StepProgress("2", "l1", "Downloading", 1, null), new BuildWarning("careful", 3),
            new StepCompleted("2", false), new ImageBuilt("sha256:early"), new ImageBuilt(BuildApi.Image));
        lines.AddRange(await BuildApi.LinesAsync(stream, 5));

        Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", BuildApi.Text(lines[0], "buildId"));
        var (began, ended) = ("2026-01-02T03:04:05Z", "2026-01-02T03:04:07Z");
        string[] expected =
        [
            """{"type":"started","seq":"0","at":"BEGAN","buildId":"ID","engine":"local","builder":"buildkit","action":"build"}""",
            """{"type":"step","seq":"1","at":"BEGAN","stepId":"1","number":1,"total":""" +
                """2,"name":"FROM x","state":"started","cached":null,"durationMs":null}""",
            """{"type":"step","seq":"2","at":"BEGAN","stepId":"1","number":1,"total":""" +
                """2,"name":"FROM x","state":"completed","cached":true,"durationMs":0}""",
            """{"type":"step","seq":"3","at":"BEGAN","stepId":"2","number":2,"total":""" +
                """2,"name":"RUN y","state":"started","cached":null,"durationMs":null}""",
            """{"type":"log","seq":"4","at":"ENDED","stepId":"2","stream":"stderr","text":"oh\n"}""",
            """{"type":"progress","seq":"5","at":"ENDED","stepId":"2","layer":"l1","status":"Downloading","currentBytes":1,"totalBytes":null}""",
            """{"type":"warning","seq":"6","at":"ENDED","text":"careful","line":3,"url":null}""",
            """{"type":"step","seq":"7","at":"ENDED","stepId":"2","number":2,"total":""" +
                """2,"name":"RUN y","state":"completed","cached":false,"durationMs":2000}""",
            """{"type":"result","seq":"8","at":"ENDED","state":"succeeded","buildId":"ID","engine":"local","imageId":"IMAGE","tags":[""" +
                """
                "app:v1"],"durationMs":2000,"error":null,"digest":"sha256:index","platforms":["linux/amd64"],
                """ + """
                "attestations":{"linux/amd64":"sha256:proof"}}
                """,
        ];
        Assert.Equal(
            expected.Select(e => e.Replace("ID\"", BuildApi.Text(lines[0], "buildId") + '"')
                .Replace("BEGAN", began).Replace("ENDED", ended).Replace("IMAGE", BuildApi.Image)),
            lines.Select(l => l.GetRawText()));
    }

    [Theory]
    [InlineData("RUN x", 3, null, "step_failed")]
    [InlineData("FROM x", null, null, "step_failed")]
    [InlineData(null, null, null, "build_failed")]
    [InlineData("RUN x", null, "feature_unsupported", "feature_unsupported")]
    [InlineData(null, null, "invalid_dockerfile", "invalid_dockerfile")]
    public async Task Failed_build_ends_with_one_failed_result(string? step, int? exitCode, string? kind, string code)
    {
        var lines = await _api.RunAsync(
            "tag=app:v1", new StepStarted("1", 1, 1, "RUN x"), new ImageBuilt(BuildApi.Image),
            new BuildFailed("No.", step, exitCode, ErrorCode.Find(kind)));

        var result = Assert.Single(lines, l => BuildApi.Text(l, "type") == "result");
        Assert.Equal(("failed", null), (BuildApi.Text(result, "state"), BuildApi.Text(result, "imageId")));
        Assert.Equal($"{code}: No. ({step})", BuildApi.Error(result));
        Assert.Equal(exitCode?.ToString(), result.GetProperty("error").GetProperty("exitCode").ToString() is { Length: > 0 } text ? text : null);
        Assert.Equal(0, result.GetProperty("tags").GetArrayLength());
    }

    [Theory]
    [InlineData("ulimit=nofile=9&tag=app:v1", "invalid_request", """{"ulimit":["No."]}""")]
    [InlineData("tag=app:v1", "step_failed", null)]
    public async Task Failure_because_of_a_parameter_names_it_as_it_was_sent(string query, string code, string? errors)
    {
        var lines = await _api.RunAsync(
            query, new StepStarted("1", 1, 1, "RUN x"), new BuildFailed("No.", "RUN x", null, ErrorCode.InvalidRequest, "ulimits"));

        var error = lines[^1].GetProperty("error");
        Assert.Equal(code, BuildApi.Text(error, "code"));
        Assert.Equal(errors, error.TryGetProperty("errors", out var found) ? found.GetRawText() : null);
    }

    [Fact]
    public async Task Values_of_build_arguments_are_redacted_in_step_names()
    {
        var lines = await _api.RunAsync(
            "buildArg=TOKEN=s3cret-value&buildArg=LONGER=s3cret-value-2&buildArg=VERSION=v1&buildArg=NONE",
            new StepStarted("1", 1, 2, "RUN login s3cret-value-2 v1"),
            new BuildFailed("RUN login s3cret-value-2 v1: no", "RUN login s3cret-value-2 v1", 1));

        Assert.Equal("RUN login $LONGER v1", BuildApi.Text(lines[1], "name"));
        Assert.Equal("step_failed: RUN login $LONGER v1: no (RUN login $LONGER v1)", BuildApi.Error(lines[^1]));
    }

    [Fact]
    public async Task Engine_error_after_the_start_is_in_the_result()
    {
        var (build, stream) = await _api.OpenAsync("", new StepStarted("1", 1, 1, "RUN x"));
        build.Fail(ErrorCode.EngineUnavailable, "The connection broke.");

        Assert.Equal("engine_unavailable: The connection broke. (RUN x)", BuildApi.Error((await BuildApi.LinesAsync(stream, 4))[^1]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Build_without_an_image_on_the_engine_fails(bool isNamed)
    {
        _api.Engine.InspectImage = (_, _) => throw new EngineException(ErrorCode.ImageNotFound, "local", "No such image.");

        var lines = await _api.RunAsync("", isNamed ? [new ImageBuilt(BuildApi.Image)] : []);

        Assert.StartsWith("engine_error: ", BuildApi.Error(lines[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timeout_stops_the_engine_and_is_the_result()
    {
        var build = await _api.StartAsync("timeout=10");

        _clock.Advance(TimeSpan.FromSeconds(10));

        await build.Stopped;
        var result = (await _api.EventsAsync(build.Id))[^1];
        Assert.Equal("timeout: The build took longer than 10 seconds and was stopped. (RUN x)", BuildApi.Error(result));
    }

    [Fact]
    public async Task Timeout_before_the_first_event_fails_the_request()
    {
        var posting = _api.PostAsync("timeout=10");
        await _api.NextAsync();

        _clock.Advance(TimeSpan.FromSeconds(10));

        await (await posting).ReadProblemAsync(HttpStatusCode.GatewayTimeout, "engine_timeout");
    }

    [Fact]
    public async Task Failed_push_leaves_the_tags_of_the_image_in_the_result()
    {
        _api.Engine.PushImage = (_, _, _) => throw new EngineException(ErrorCode.RegistryUnavailable, "local", "Gone.");

        var result = (await _api.RunAsync("tag=app:v1&push=true", new ImageBuilt(BuildApi.Image)))[^1];

        Assert.Equal("registry_unavailable: Gone. (push app:v1)", BuildApi.Error(result));
        Assert.Equal(BuildApi.Image, BuildApi.Text(result, "imageId"));
        Assert.Equal("app:v1", Assert.Single(result.GetProperty("tags").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task Disconnected_client_stops_the_engine()
    {
        var (build, stream) = await _api.OpenAsync("", new StepStarted("1", 1, 1, "RUN sleep"));
        await BuildApi.LinesAsync(stream, 2);

        stream.Dispose();

        await build.Stopped;
    }

    [Fact]
    public async Task Queued_build_has_heartbeats_reads_no_context_and_has_no_timeout()
    {
        var first = await _api.StartAsync();
        using var body = new StringContent("This is not an archive.", Encoding.UTF8, "application/x-tar");
        using var response = await _api.PostAsync("timeout=10", body);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("queued", BuildApi.Text(await BuildApi.LineAsync(reader), "type"));
        for (var minute = 0; minute < 10; minute++)
        {
            var next = BuildApi.LineAsync(reader);
            await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMinutes(1));
            var heartbeat = await next;
            Assert.Equal(("heartbeat", "0"), (BuildApi.Text(heartbeat, "type"), BuildApi.Text(heartbeat, "seq")));
        }

        using var stopped = await _api.Client.PostAsync($"/builds/{first.Id}/cancel", null);
        JsonElement last;
        do
        {
            last = await BuildApi.LineAsync(reader);
        }
        while (BuildApi.Text(last, "type") == "heartbeat");

        Assert.StartsWith("invalid_context: ", BuildApi.Error(last), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invalid_context_is_the_error_instead_of_the_engines_error()
    {
        Exception? seen = null;
        _api.Engine.Build = (_, context, token) => ReadAsync(context, token);

        using var response = await _api.PostAsync("", "This is not an archive.", "application/x-tar");

        await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_context");
        Assert.IsType<ApiException>(seen);

        async IAsyncEnumerable<BuildFact> ReadAsync(
            Stream context, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            try
            {
                await context.CopyToAsync(Stream.Null, cancellationToken);
            }
            catch (Exception e)
            {
                seen = e;
                throw new EngineException(ErrorCode.EngineUnavailable, "local", "The connection broke.");
            }

            yield break;
        }
    }

    [Fact]
    public async Task Engine_error_ends_the_upload_of_the_context()
    {
        _api.Engine.Build = (_, _, _) => throw new EngineException(ErrorCode.InvalidRequest, "local", "No.");
        using var body = new StreamContent(new EndlessStream());
        body.Headers.ContentType = new("application/x-tar");

        using var response = await _api.StreamingClient.PostAsync("/images/build", body).WaitAsync(TimeSpan.FromSeconds(30));

        await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Every_follower_reads_all_events()
    {
        const int Lines = 20_000;
        var build = await _api.StartAsync();
        var followers = new List<Task<List<JsonElement>>>();
        for (var n = 0; n < Lines; n++)
        {
            if (n % 2000 == 0)
            {
                followers.Add(_api.EventsAsync(build.Id));
            }

            build.Report(new StepLog("1", "stdout", $"{n}\n"));
        }

        build.Finish();

        var expected = string.Concat(Enumerable.Range(0, Lines).Select(n => $"{n}\n"));
        Assert.All(await Task.WhenAll(followers), lines =>
            Assert.Equal(expected, string.Concat(lines.Where(l => BuildApi.Text(l, "type") == "log").Select(l => BuildApi.Text(l, "text")))));
    }

    /// <summary>An archive with a file that goes on: zeros alone would be the end of an archive.</summary>
    private sealed class EndlessStream : MemoryStream
    {
        private static readonly byte[] Header = ContainerApi.Archives.TarHeader.Create((byte)'0', "file", 0x1A4, 1L << 31, 0);
        private bool _hasBegun;

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Clear();
            if (!_hasBegun)
            {
                _hasBegun = true;
                Header.CopyTo(buffer.Span);
                return new(Header.Length);
            }

            return new(buffer.Length);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }
}
