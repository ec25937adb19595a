using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using ContainerApi.Engine;

namespace ContainerApi.Tests.Builds.History;

/// <summary>Builds as resources, through HTTP.</summary>
public sealed class BuildHistoryTests : IDisposable
{
    private const string Image = "sha256:205312e33451ce9a371c6493573e41eb930be2f25d47ca067066aa96baf80d27";
    private readonly Channel<Conversation> _builds = Channel.CreateUnbounded<Conversation>();
    private readonly FakeEngine _engine = new();
    private readonly ApiHost _api;

    public BuildHistoryTests()
    {
        _engine.Build = BuildAsync;
        _engine.InspectImage = (id, _) => Task.FromResult(new ImageDetails { Summary = new ImageFacts { Id = id, Tags = ["app:v1"], CreatedAt = null, SizeBytes = 1 } });
        _api = new ApiHost(new Dictionary<string, string?> { ["Builds:MaxConcurrent"] = "2", ["Builds:MaxQueued"] = "2", ["Builds:MaxContextBytes"] = "5000" }, _engine);
    }

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task A_detached_build_can_be_inspected_and_followed()
    {
        var posting = PostAsync("tag=app:v1&detach=true&buildArg=PASSWORD=geheim");
        var build = await NextAsync();
        Assert.False(posting.IsCompleted);
        build.Begin();

        using var accepted = await posting;
        var answer = await accepted.ReadJsonAsync(HttpStatusCode.Accepted);
        var id = answer.GetProperty("id").GetString()!;
        Assert.Equal($"/builds/{id}", accepted.Headers.Location?.ToString());
        var running = await _api.GetJsonAsync("/builds/" + id);
        Assert.Equal(("running", "local", "buildkit"), (Text(running, "state"), Text(running, "engine"), Text(running, "builder")));
        Assert.Equal("app:v1", running.GetProperty("tags")[0].GetString());
        Assert.All(new[] { "endedAt", "durationMs", "error", "imageId", "queuePosition" }, name => Assert.Equal(JsonValueKind.Null, running.GetProperty(name).ValueKind));

        var followers = Enumerable.Range(0, 3).Select(from => LinesAsync($"/builds/{id}/events?from={from}")).ToList();
        build.Finish();
        foreach (var (lines, from) in (await Task.WhenAll(followers)).Select((lines, from) => (lines, from)))
        {
            Assert.Equal(new[] { "started", "step", "step", "result" }[from..], lines.Select(l => Text(l, "type")));
            Assert.Equal(Enumerable.Range(from, 4 - from), lines.Select(l => l.GetProperty("seq").GetInt32()));
        }

        var ended = await _api.GetJsonAsync("/builds/" + id);
        Assert.Equal(("succeeded", Image, 4), (Text(ended, "state"), Text(ended, "imageId"), ended.GetProperty("eventCount").GetInt32()));
        Assert.DoesNotContain("geheim", ended.GetRawText() + (await _api.GetJsonAsync("/builds")).GetRawText(), StringComparison.Ordinal);
        Assert.Empty(await LinesAsync($"/builds/{id}/events?from=4"));
        using var beyond = await _api.Client.GetAsync($"/builds/{id}/events?from=5");
        await beyond.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task An_error_before_a_detached_build_starts_is_a_problem()
    {
        using var cut = await SendAsync("detach=true", "no archive at all"u8.ToArray(), "application/x-tar");
        await cut.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_context");

        var posting = PostAsync("detach=true");
        (await NextAsync()).Break(new EngineException(EngineErrorKind.InvalidDockerfile, "local", "dockerfile parse error"));
        using var refused = await posting;
        await refused.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_dockerfile");

        var failed = (await _api.GetJsonAsync("/builds?state=failed")).GetProperty("items");
        Assert.Equal(["invalid_dockerfile", "invalid_context"], failed.EnumerateArray().Select(b => Text(b.GetProperty("error"), "code")));
    }

    [Fact]
    public async Task Builds_beyond_the_limit_are_queued_then_refused_with_429()
    {
        var first = await DetachedAsync();
        var second = await DetachedAsync();
        // A Dockerfile is read with the request: the build needs its client no more and can wait alone.
        using var third = await PostAsync("detach=true");
        var thirdId = Text(await third.ReadJsonAsync(HttpStatusCode.Accepted), "id")!;
        using var fourth = await PostAsync("detach=true");
        var fourthId = Text(await fourth.ReadJsonAsync(HttpStatusCode.Accepted), "id")!;
        var queued = (await _api.GetJsonAsync("/builds?state=queued")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([(fourthId, 2), (thirdId, 1)], queued.Select(b => (Text(b, "id")!, b.GetProperty("queuePosition").GetInt32())));
        Assert.All(queued, b => Assert.Equal(JsonValueKind.Null, b.GetProperty("startedAt").ValueKind));

        using var fifth = await PostAsync("");
        await fifth.ReadProblemAsync(HttpStatusCode.TooManyRequests, "too_many_builds");
        Assert.True(fifth.Headers.RetryAfter?.Delta > TimeSpan.Zero);

        using var cancelled = await _api.Client.DeleteAsync("/builds/" + thirdId);
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        var stream = await LinesAsync($"/builds/{thirdId}/events");
        Assert.Equal(["queued", "result"], stream.Select(l => Text(l, "type")));
        Assert.Equal("cancelled", Text(stream[^1].GetProperty("error"), "code"));
        Assert.Equal("cancelled", Text(await _api.GetJsonAsync("/builds/" + thirdId), "state"));

        first.Finish();
        (await NextAsync()).Succeed();
        var lines = await LinesAsync($"/builds/{fourthId}/events");
        Assert.Equal([2, 1], lines.Where(l => Text(l, "type") == "queued").Select(l => l.GetProperty("position").GetInt32()));
        Assert.Equal(["started", "step", "result"], lines.Where(l => Text(l, "type") != "queued").Select(l => Text(l, "type")).Distinct());
        second.Finish();
    }

    [Fact]
    public async Task A_disconnected_client_leaves_the_queue()
    {
        var first = await DetachedAsync();
        var second = await DetachedAsync();
        using var leaving = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build") { Content = new StringContent("FROM x", Encoding.UTF8, "text/x-dockerfile") };
        using var response = await _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var id = Text(await LineAsync(reader), "buildId")!;

        response.Dispose();

        Assert.Equal("cancelled", await UntilEndedAsync(id));
        first.Finish();
        second.Finish();
    }

    [Fact]
    public async Task Delete_stops_a_running_build_and_removes_an_ended_one()
    {
        var posting = PostAsync("detach=true");
        var build = await NextAsync();
        build.Say(new StepStarted("1", 1, 1, "RUN sleep"));
        var id = Text(await (await posting).ReadJsonAsync(HttpStatusCode.Accepted), "id")!;

        using (var stopped = await _api.Client.DeleteAsync("/builds/" + id))
        {
            await stopped.ReadJsonAsync(HttpStatusCode.Accepted);
        }

        await build.Stopped.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("cancelled", await UntilEndedAsync(id));
        var result = (await LinesAsync($"/builds/{id}/events"))[^1];
        Assert.Equal(("failed", "cancelled", "RUN sleep"), (Text(result, "state"), Text(result.GetProperty("error"), "code"), Text(result.GetProperty("error"), "step")));

        using (var forgotten = await _api.Client.DeleteAsync("/builds/" + id))
        {
            Assert.Equal(HttpStatusCode.NoContent, forgotten.StatusCode);
        }

        foreach (var gone in new[] { await _api.Client.GetAsync("/builds/" + id), await _api.Client.GetAsync($"/builds/{id}/events"), await _api.Client.DeleteAsync("/builds/" + id) })
        {
            await gone.ReadProblemAsync(HttpStatusCode.NotFound, "build_not_found");
        }
    }

    [Fact]
    public async Task A_disconnected_follower_does_not_stop_the_build()
    {
        var posting = PostAsync("detach=true");
        var build = await NextAsync();
        build.Begin();
        var id = Text(await (await posting).ReadJsonAsync(HttpStatusCode.Accepted), "id")!;
        using (var response = await _api.Client.GetAsync($"/builds/{id}/events", HttpCompletionOption.ResponseHeadersRead))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            await LineAsync(reader);
        }

        build.Finish();

        Assert.Equal("succeeded", await UntilEndedAsync(id));
    }

    [Fact]
    public async Task The_list_is_sorted_paged_and_filtered()
    {
        for (var n = 0; n < 5; n++)
        {
            var posting = PostAsync($"tag=app:{n}");
            var build = await NextAsync();
            if (n == 2)
            {
                build.Break(new EngineException(EngineErrorKind.Failed, "local", "No."));
            }
            else
            {
                build.Succeed();
            }

            (await posting).Dispose();
            // Ids of the same millisecond have no order.
            await Task.Delay(2);
        }

        var tags = new List<string?>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await _api.GetJsonAsync("/builds?limit=2" + (cursor.Length > 0 ? "&cursor=" + cursor : ""));
            tags.AddRange(page.GetProperty("items").EnumerateArray().Select(b => b.GetProperty("tags")[0].GetString()));
            cursor = Text(page, "nextCursor");
        }

        Assert.Equal(["app:4", "app:3", "app:2", "app:1", "app:0"], tags);
        Assert.Equal(1, (await _api.GetJsonAsync("/builds?state=failed")).GetProperty("items").GetArrayLength());
        Assert.Equal(5, (await _api.GetJsonAsync("/builds?state=failed&state=succeeded&engine=local")).GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await _api.GetJsonAsync("/builds?engine=other")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("/builds?state=done", "state[0]")]
    [InlineData("/builds?limit=0", "limit")]
    [InlineData("/builds?cursor=x", "cursor")]
    [InlineData("/builds?all=1", "all")]
    [InlineData("/builds/x", "build")]
    [InlineData("/builds/01jd0000000000000000000000", "build")]
    [InlineData("/builds/..%2Fimages", "build")]
    [InlineData("/builds/01JD0000000000000000000000/events?from=-1", "from")]
    [InlineData("/builds/01JD0000000000000000000000/events?format=xml", "format")]
    public async Task An_invalid_parameter_is_named_in_the_problem(string address, string field)
    {
        using var response = await _api.Client.GetAsync(address);

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal(field, problem.GetProperty("errors").EnumerateObject().Single().Name);
    }

    [Theory]
    [InlineData("detach=true&stream=true", "stream")]
    [InlineData("detach=true&format=text", "format")]
    [InlineData("stream=false&format=ndjson", "format")]
    [InlineData("format=json", "format")]
    [InlineData("detach=maybe", "detach")]
    public async Task Contradicting_parameters_are_named_in_the_problem(string query, string field)
    {
        using var response = await PostAsync(query);

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal(field, problem.GetProperty("errors").EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task Without_a_stream_the_response_is_201_with_the_build()
    {
        var posting = PostAsync("stream=false&tag=app:v1");
        (await NextAsync()).Succeed();

        using var response = await posting;
        var build = await response.ReadJsonAsync(HttpStatusCode.Created);

        Assert.Equal("/images/" + Image, response.Headers.Location?.ToString());
        Assert.Equal(("succeeded", Image, "app:v1"), (Text(build, "state"), Text(build, "imageId"), build.GetProperty("tags")[0].GetString()));
    }

    [Fact]
    public async Task Without_a_stream_a_failed_build_is_422_with_log_lines()
    {
        var posting = PostAsync("stream=false");
        var build = await NextAsync();
        build.Say(
            new StepStarted("1", 1, 1, "RUN make"), new StepLog("1", "stdout", string.Concat(Enumerable.Range(0, 100).Select(n => $"line {n}\n"))),
            new BuildFailed("It returned 2.", "RUN make", 2));
        build.End();

        using var response = await posting;
        var problem = await response.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "build_failed");

        Assert.Equal(("step_failed", "RUN make", 2), (Text(problem, "reason"), Text(problem, "step"), problem.GetProperty("exitCode").GetInt32()));
        Assert.Equal(Enumerable.Range(80, 20).Select(n => $"line {n}"), problem.GetProperty("log").EnumerateArray().Select(l => l.GetString()));
        Assert.Equal("failed", Text(await _api.GetJsonAsync("/builds/" + Text(problem, "buildId")), "state"));
    }

    [Fact]
    public async Task Without_a_stream_an_engine_error_keeps_its_status()
    {
        var posting = PostAsync("stream=false");
        var build = await NextAsync();
        build.Say(new StepStarted("1", 1, 1, "RUN make"));
        build.Break(new EngineException(EngineErrorKind.Unavailable, "local", "The connection broke."));

        using var response = await posting;
        await response.ReadProblemAsync(HttpStatusCode.ServiceUnavailable, "engine_unavailable");
    }

    [Theory]
    [InlineData("format=text", null, true)]
    [InlineData("", "text/plain", true)]
    [InlineData("", "application/x-ndjson, text/plain;q=0.5", false)]
    [InlineData("", "*/*", false)]
    [InlineData("", "text/html, */*;q=0.8", false)]
    [InlineData("format=ndjson", "text/plain", false)]
    public async Task Format_and_accept_select_the_text_log(string query, string? accept, bool isText)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build?tag=app:v1&" + query) { Content = new StringContent("FROM x", Encoding.UTF8, "text/x-dockerfile") };
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        var sending = _api.Client.SendAsync(request);
        (await NextAsync()).Succeed();
        using var response = await sending;
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal(isText ? "text/plain" : "application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        if (isText)
        {
            Assert.Matches($@"\ABuild \w{{26}} on local \(buildkit\)\n\n#1 \[1/1\] RUN x\n#1 DONE \d+\.\ds\n\nBuild succeeded in \d+\.\ds: {Image} app:v1\n\z", text);
            var id = text.Split(' ')[1];
            Assert.Equal(text, await _api.Client.GetStringAsync($"/builds/{id}/events?format=text"));
        }
    }

    [Fact]
    public async Task Readiness_reports_whether_builds_are_stored()
    {
        _engine.Ping = _ => Task.FromResult("1.41");
        var well = await _api.GetJsonAsync("/readyz");
        Assert.Equal(("ok", "ok"), (Text(well, "state"), Text(well.GetProperty("parts")[0], "state")));

        using var without = new ApiHost(new Dictionary<string, string?> { ["Builds:StorePath"] = "/dev/null/builds.db" }, _engine);
        var degraded = await without.GetJsonAsync("/readyz");
        Assert.Equal(("degraded", "builds", "degraded"), (Text(degraded, "state"), Text(degraded.GetProperty("parts")[0], "name"), Text(degraded.GetProperty("parts")[0], "state")));
        Assert.DoesNotContain("/dev/null", degraded.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>A build that began and does not end by itself.</summary>
    private async Task<Conversation> DetachedAsync()
    {
        var posting = PostAsync("detach=true");
        var build = await NextAsync();
        build.Begin();
        await (await posting).ReadJsonAsync(HttpStatusCode.Accepted);
        return build;
    }

    private async Task<string?> UntilEndedAsync(string id)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (Text(await _api.GetJsonAsync("/builds/" + id), "state") is not ("running" or "queued") and var state)
            {
                return state;
            }

            await Task.Delay(10, timeout.Token);
        }
    }

    private Task<HttpResponseMessage> PostAsync(string query) => SendAsync(query, "FROM x"u8.ToArray(), "text/x-dockerfile");

    private async Task<HttpResponseMessage> SendAsync(string query, byte[] body, string type)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await _api.Client.PostAsync("/images/build?" + query, content);
    }

    private async Task<List<JsonElement>> LinesAsync(string address)
    {
        var text = await _api.Client.GetStringAsync(address);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private static async Task<JsonElement> LineAsync(StreamReader reader) =>
        JsonSerializer.Deserialize<JsonElement>(await reader.ReadLineAsync() ?? throw new EndOfStreamException());

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private Task<Conversation> NextAsync() => _builds.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    private async IAsyncEnumerable<BuildFact> BuildAsync(
        BuildSpec spec, Stream context, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await context.CopyToAsync(Stream.Null, cancellationToken);
        var build = new Conversation();
        _builds.Writer.TryWrite(build);
        try
        {
            await foreach (var fact in build.Facts.ReadAllAsync(cancellationToken))
            {
                yield return fact;
            }
        }
        finally
        {
            build.SetStopped();
        }
    }

    /// <summary>What the engine says of one build, as the test wants it.</summary>
    private sealed class Conversation
    {
        private readonly Channel<BuildFact> _facts = Channel.CreateUnbounded<BuildFact>();
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ChannelReader<BuildFact> Facts => _facts.Reader;

        public Task Stopped => _stopped.Task;

        public void Say(params BuildFact[] facts) => Assert.All(facts, fact => Assert.True(_facts.Writer.TryWrite(fact)));

        public void End() => _facts.Writer.Complete();

        public void Break(Exception exception) => _facts.Writer.Complete(exception);

        public void Begin() => Say(new StepStarted("1", 1, 1, "RUN x"));

        /// <summary>Ends the step that <see cref="Begin"/> began, and the build.</summary>
        public void Finish()
        {
            Say(new StepCompleted("1", false), new ImageBuilt(Image));
            End();
        }

        public void Succeed()
        {
            Begin();
            Finish();
        }

        public void SetStopped() => _stopped.SetResult();
    }
}
