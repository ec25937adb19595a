namespace ContainerApi.Tests.Builds;

/// <summary>The form of a build's stream: steps, formats, resumption.</summary>
public sealed class StreamFormTests : IDisposable
{
    private readonly BuildApi _api = new();

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task Steps_of_a_failed_build_report_their_failure_or_cancellation()
    {
        var lines = await _api.RunAsync(
            "", new StepStarted("a", 1, 2, "RUN a"), new StepStarted("b", 2, 2, "RUN b"), new StepFailed("a"), new BuildFailed("No.", "RUN a", 1));

        Assert.Equal(
            ["a started", "b started", "a failed", "b cancelled"],
            lines.Where(l => BuildApi.Text(l, "type") == "step").Select(l => $"{BuildApi.Text(l, "stepId")} {BuildApi.Text(l, "state")}"));
    }

    [Fact]
    public async Task Server_sent_events_have_the_type_and_the_seq_of_their_line()
    {
        var posting = _api.PostAsync("format=sse");
        (await _api.NextAsync()).Succeed();
        using var response = await posting;

        var events = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(
            ["started 0", "step 1", "step 2", "result 3"],
            events.Select(e => e.Split('\n')).Select(e => $"{e[0]["event: ".Length..]} {e[1]["id: ".Length..]}"));
        Assert.All(events, e => Assert.StartsWith("{\"type\":", e.Split('\n')[2]["data: ".Length..], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/containers")]
    [InlineData("/containers/watch")]
    public async Task Accepted_media_type_that_no_representation_has_is_406(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept", "image/png" } } };

        using var response = await _api.Client.SendAsync(request);

        await response.ReadProblemAsync(HttpStatusCode.NotAcceptable, "not_acceptable");
    }

    [Fact]
    public async Task Accepted_media_type_that_is_not_available_starts_no_build()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/builds")
        {
            Content = new StringContent("FROM x", Encoding.UTF8, "text/x-dockerfile"),
            Headers = { { "Accept", "image/png" } },
        };

        using var response = await _api.Client.SendAsync(request);

        await response.ReadProblemAsync(HttpStatusCode.NotAcceptable, "not_acceptable");
        Assert.Empty(await _api.ListAsync());
    }

    [Theory]
    [InlineData("?after=1", null, "2 3")]
    [InlineData("?from=2", null, "2 3")]
    [InlineData("", "1", "2 3")]
    [InlineData("?after=0", "2", "3")]
    [InlineData("?after=3", null, "")]
    public async Task Streams_continue_after_the_last_event_of_the_client(string query, string? header, string expected)
    {
        var build = await _api.StartAsync();
        build.Finish();
        await _api.UntilEndedAsync(build.Id);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/builds/{build.Id}/events{query}");
        if (header is not null)
        {
            request.Headers.Add("Last-Event-ID", header);
        }

        using var response = await _api.Client.SendAsync(request);

        Assert.Equal(expected, string.Join(' ', (await BuildApi.LinesAsync(response)).Select(l => BuildApi.Text(l, "seq"))));
    }

    [Theory]
    [InlineData("?after=4", null, "after")]
    [InlineData("?after=9223372036854775807", null, "after")]
    [InlineData("?after=x", null, "after")]
    [InlineData("", "-1", "Last-Event-ID")]
    public async Task Unknown_last_event_is_named_in_the_problem(string query, string? header, string field)
    {
        var build = await _api.StartAsync();
        build.Finish();
        await _api.UntilEndedAsync(build.Id);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/builds/{build.Id}/events{query}");
        if (header is not null)
        {
            request.Headers.Add("Last-Event-ID", header);
        }

        using var response = await _api.Client.SendAsync(request);

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("?format=sse&after=3")]
    [InlineData("?after=3")]
    public async Task Resumption_after_the_result_is_204(string query)
    {
        var build = await _api.StartAsync();
        build.Finish();
        await _api.UntilEndedAsync(build.Id);

        using var response = await _api.Client.GetAsync($"/builds/{build.Id}/events{query}");

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }
}
