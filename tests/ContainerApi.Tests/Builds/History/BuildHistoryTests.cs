namespace ContainerApi.Tests.Builds.History;

/// <summary>Builds as resources, through HTTP.</summary>
public sealed class BuildHistoryTests : IDisposable
{
    private readonly BuildApi _api = new(new() { ["MaxConcurrent"] = "2", ["MaxQueued"] = "2", ["MaxContextBytes"] = "5000" });

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task Detached_build_can_be_inspected_and_followed()
    {
        var posting = _api.PostAsync("tag=app:v1&detach=true&buildArg=PASSWORD=geheim");
        var build = await _api.NextAsync();
        Assert.False(posting.IsCompleted);
        build.Begin();

        using var accepted = await posting;
        var answer = await accepted.ReadJsonAsync(HttpStatusCode.Accepted);
        var id = answer.GetProperty("id").GetString()!;
        Assert.Equal($"/builds/{id}", accepted.Headers.Location?.ToString());
        var running = await _api.GetJsonAsync("/builds/" + id);
        Assert.Equal(("running", "local", "buildkit"),
            (BuildApi.Text(running, "state"), BuildApi.Text(running, "engine"), BuildApi.Text(running, "builder")));
        Assert.Equal("app:v1", running.GetProperty("tags")[0].GetString());
        Assert.All(new[] { "finishedAt", "durationMs", "error", "imageId", "queuePosition" },
            name => Assert.Equal(JsonValueKind.Null, running.GetProperty(name).ValueKind));

        var followers = Enumerable.Range(0, 3).Select(from => _api.EventsAsync(id, from)).ToList();
        build.Finish();
        foreach (var (lines, from) in (await Task.WhenAll(followers)).Select((lines, from) => (lines, from)))
        {
            Assert.Equal(new[] { "started", "step", "step", "result" }[from..], lines.Select(l => BuildApi.Text(l, "type")));
            Assert.Equal(Enumerable.Range(from, 4 - from).Select(n => $"{n}"), lines.Select(l => BuildApi.Text(l, "seq")));
        }

        var ended = await _api.GetJsonAsync("/builds/" + id);
        Assert.Equal(("succeeded", BuildApi.Image, 4),
            (BuildApi.Text(ended, "state"), BuildApi.Text(ended, "imageId"), ended.GetProperty("eventCount").GetInt32()));
        Assert.DoesNotContain("geheim", ended.GetRawText() + (await _api.GetJsonAsync("/builds")).GetRawText(), StringComparison.Ordinal);
        Assert.Empty(await _api.EventsAsync(id, 4));
        using var beyond = await _api.Client.GetAsync($"/builds/{id}/events?from=5");
        await beyond.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Error_before_a_detached_build_starts_is_a_problem()
    {
        using var cut = await _api.PostAsync("detach=true", "no archive at all", "application/x-tar");
        var problem = await cut.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_context");

        var posting = _api.PostAsync("detach=true");
        (await _api.NextAsync()).Fail(ErrorCode.InvalidDockerfile, "dockerfile parse error");
        using var refused = await posting;
        await refused.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_dockerfile");

        var failed = (await _api.GetJsonAsync("/builds?state=failed")).GetProperty("items");
        Assert.Equal(["invalid_dockerfile", "invalid_context"], failed.EnumerateArray().Select(b => BuildApi.Text(b.GetProperty("error"), "code")));
        Assert.Equal(BuildApi.Text(failed[1], "id"), BuildApi.Text(problem, "buildId"));
    }

    [Fact]
    public async Task Builds_beyond_the_limit_are_queued_then_refused_with_429()
    {
        var first = await _api.StartAsync();
        var second = await _api.StartAsync();
        // A Dockerfile is read with the request: the build needs its client no more and can wait alone.
        using var third = await _api.PostAsync("detach=true");
        var thirdId = BuildApi.Text(await third.ReadJsonAsync(HttpStatusCode.Accepted), "id")!;
        using var fourth = await _api.PostAsync("detach=true");
        var fourthId = BuildApi.Text(await fourth.ReadJsonAsync(HttpStatusCode.Accepted), "id")!;
        var queued = (await _api.GetJsonAsync("/builds?state=queued")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([(fourthId, 2), (thirdId, 1)], queued.Select(b => (BuildApi.Text(b, "id")!, b.GetProperty("queuePosition").GetInt32())));
        Assert.All(queued, b => Assert.Equal(JsonValueKind.Null, b.GetProperty("startedAt").ValueKind));

        using var fifth = await _api.PostAsync("");
        await fifth.ReadProblemAsync(HttpStatusCode.TooManyRequests, "too_many_builds");
        Assert.True(fifth.Headers.RetryAfter?.Delta > TimeSpan.Zero);

        using var cancelled = await _api.Client.PostAsync($"/builds/{thirdId}/cancel", null);
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        var stream = await _api.EventsAsync(thirdId);
        Assert.Equal(["queued", "result"], stream.Select(l => BuildApi.Text(l, "type")));
        Assert.Equal("cancelled", BuildApi.Text(stream[^1].GetProperty("error"), "code"));
        Assert.Equal("cancelled", BuildApi.Text(await _api.GetJsonAsync("/builds/" + thirdId), "state"));

        first.Finish();
        (await _api.NextAsync()).Succeed();
        var lines = await _api.EventsAsync(fourthId);
        Assert.Equal([2, 1], lines.Where(l => BuildApi.Text(l, "type") == "queued").Select(l => l.GetProperty("position").GetInt32()));
        Assert.Equal(["started", "step", "result"],
            lines.Where(l => BuildApi.Text(l, "type") != "queued").Select(l => BuildApi.Text(l, "type")).Distinct());
        second.Finish();
    }

    [Fact]
    public async Task Disconnected_client_leaves_the_queue()
    {
        var first = await _api.StartAsync();
        var second = await _api.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build")
        {
            Content = new StringContent("FROM x", Encoding.UTF8, "text/x-dockerfile")
        };
        using var response = await _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var id = BuildApi.Text(await BuildApi.LineAsync(reader), "buildId")!;

        response.Dispose();

        Assert.Equal("cancelled", await _api.UntilEndedAsync(id));
        first.Finish();
        second.Finish();
    }

    [Fact]
    public async Task Cancel_stops_a_running_build_and_delete_removes_an_ended_one()
    {
        var posting = _api.PostAsync("detach=true");
        var build = await _api.NextAsync();
        build.Report(new StepStarted("1", 1, 1, "RUN sleep"));
        var id = BuildApi.Text(await (await posting).ReadJsonAsync(HttpStatusCode.Accepted), "id")!;

        using (var refused = await _api.Client.DeleteAsync("/builds/" + id))
        {
            await refused.ReadProblemAsync(HttpStatusCode.Conflict, "build_running");
        }

        using (var stopped = await _api.Client.PostAsync($"/builds/{id}/cancel", null))
        {
            await stopped.ReadJsonAsync(HttpStatusCode.Accepted);
        }

        await build.Stopped.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("cancelled", await _api.UntilEndedAsync(id));
        var result = (await _api.EventsAsync(id))[^1];
        Assert.Equal(("cancelled", "cancelled", "RUN sleep"),
            (BuildApi.Text(result, "state"), BuildApi.Text(result.GetProperty("error"), "code"), BuildApi.Text(result.GetProperty("error"), "step")));

        using (var ended = await _api.Client.PostAsync($"/builds/{id}/cancel", null))
        {
            Assert.Equal("cancelled", BuildApi.Text(await ended.ReadJsonAsync(HttpStatusCode.OK), "state"));
        }

        using (var forgotten = await _api.Client.DeleteAsync("/builds/" + id))
        {
            Assert.Equal(HttpStatusCode.NoContent, forgotten.StatusCode);
        }

        foreach (var gone in new[]
        {
            await _api.Client.GetAsync("/builds/" + id),
            await _api.Client.GetAsync($"/builds/{id}/events"),
            await _api.Client.DeleteAsync("/builds/" + id),
            await _api.Client.PostAsync($"/builds/{id}/cancel", null)
        })
        {
            await gone.ReadProblemAsync(HttpStatusCode.NotFound, "build_not_found");
        }
    }

    [Fact]
    public async Task Delete_with_force_cancels_a_running_build_and_removes_it()
    {
        var build = await _api.StartAsync();

        using var deleted = await _api.Client.DeleteAsync($"/builds/{build.Id}?force=true");
        using var again = await _api.Client.DeleteAsync($"/builds/{build.Id}?force=true");

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await build.Stopped;
        await again.ReadProblemAsync(HttpStatusCode.NotFound, "build_not_found");
    }

    [Theory]
    [InlineData("/builds")]
    [InlineData("/images/build")]
    [InlineData("/v1/builds")]
    public async Task Every_path_of_a_build_starts_one(string path)
    {
        var posting = _api.Client.PostAsync(path + "?detach=true", new StringContent("FROM x", Encoding.UTF8, "text/x-dockerfile"));
        (await _api.NextAsync()).Succeed();

        using var response = await posting;

        Assert.Equal("local", BuildApi.Text(await response.ReadJsonAsync(HttpStatusCode.Accepted), "engine"));
    }

    [Fact]
    public async Task Disconnected_follower_does_not_stop_the_build()
    {
        var posting = _api.PostAsync("detach=true");
        var build = await _api.NextAsync();
        build.Begin();
        var id = BuildApi.Text(await (await posting).ReadJsonAsync(HttpStatusCode.Accepted), "id")!;
        using (var response = await _api.Client.GetAsync($"/builds/{id}/events", HttpCompletionOption.ResponseHeadersRead))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            await BuildApi.LineAsync(reader);
        }

        build.Finish();

        Assert.Equal("succeeded", await _api.UntilEndedAsync(id));
    }

    [Fact]
    public async Task The_list_is_sorted_paged_and_filtered()
    {
        for (var n = 0; n < 5; n++)
        {
            var posting = _api.PostAsync($"tag=app:{n}");
            var build = await _api.NextAsync();
            if (n == 2)
            {
                build.Fail(ErrorCode.EngineError, "No.");
            }
            else
            {
                build.Succeed();
            }

            using var built = await posting;
            await built.Content.ReadAsStringAsync();
            // Ids of the same millisecond have no order.
            await Task.Delay(2);
        }

        var tags = new List<string?>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await _api.GetJsonAsync("/builds?limit=2" + (cursor.Length > 0 ? "&cursor=" + cursor : ""));
            tags.AddRange(page.GetProperty("items").EnumerateArray().Select(b => b.GetProperty("tags")[0].GetString()));
            cursor = BuildApi.Text(page, "nextCursor");
        }

        Assert.Equal(["app:4", "app:3", "app:2", "app:1", "app:0"], tags);
        using var first = await _api.Client.GetAsync("/v1/builds?limit=4");
        Assert.StartsWith("</v1/builds?limit=4&cursor=", first.Headers.GetValues("Link").Single(), StringComparison.Ordinal);
        Assert.Equal(1, (await _api.GetJsonAsync("/builds?state=failed")).GetProperty("items").GetArrayLength());
        Assert.Equal(5, (await _api.GetJsonAsync("/builds?state=failed&state=succeeded&engine=local")).GetProperty("items").GetArrayLength());
        using var unknown = await _api.Client.GetAsync("/builds?engine=other");
        await unknown.ReadProblemAsync(HttpStatusCode.NotFound, "engine_not_found");
    }
}
