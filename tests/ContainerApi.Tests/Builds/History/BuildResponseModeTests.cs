namespace ContainerApi.Tests.Builds.History;

public sealed class BuildResponseModeTests : IDisposable
{
    private readonly BuildApi _api = new();

    public void Dispose() => _api.Dispose();

    [Theory]
    [InlineData("/builds?state=done", "state")]
    [InlineData("/builds?limit=0", "limit")]
    [InlineData("/builds?cursor=x", "cursor")]
    [InlineData("/builds?all=1", "all")]
    [InlineData("/builds/x", "build")]
    [InlineData("/builds/01jd0000000000000000000000", "build")]
    [InlineData("/builds/..%2Fimages", "build")]
    [InlineData("/builds/01JD0000000000000000000000/events?from=-1", "from")]
    [InlineData("/builds/01JD0000000000000000000000/events?format=xml", "format")]
    public async Task Invalid_parameter_is_named_in_the_problem(string address, string field)
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
        using var response = await _api.PostAsync(query);

        var problem = await response.ReadProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

        Assert.Equal(field, problem.GetProperty("errors").EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task Without_a_stream_the_response_is_201_with_the_build()
    {
        var posting = _api.PostAsync("stream=false&tag=app:v1");
        (await _api.NextAsync()).Succeed();

        using var response = await posting;
        var build = await response.ReadJsonAsync(HttpStatusCode.Created);

        Assert.Equal("/images/" + BuildApi.Image, response.Headers.Location?.ToString());
        Assert.Equal(("succeeded", BuildApi.Image, "app:v1"),
            (BuildApi.Text(build, "state"), BuildApi.Text(build, "imageId"), build.GetProperty("tags")[0].GetString()));
    }

    [Theory]
    [InlineData(true, HttpStatusCode.Created)]
    [InlineData(false, HttpStatusCode.UnprocessableEntity)]
    public async Task Warnings_are_in_the_document_and_in_the_build(bool succeeds, HttpStatusCode status)
    {
        const string Expected = """[{"text":"FromAsCasing","line":1,"url":"https://x/"}]""";
        var posting = _api.PostAsync("stream=false");
        var build = await _api.NextAsync();
        build.Report(new BuildWarning("FromAsCasing", 1, "https://x/"));
        build.End(succeeds ? new ImageBuilt(BuildApi.Image) : new BuildFailed("No.", null, null));

        using var response = await posting;
        var document = await response.ReadJsonAsync(status);

        Assert.Equal(Expected, document.GetProperty("warnings").GetRawText());
        var id = BuildApi.Text(document, succeeds ? "id" : "buildId");
        Assert.Equal(Expected, (await _api.GetJsonAsync("/builds/" + id)).GetProperty("warnings").GetRawText());
    }

    [Fact]
    public async Task Without_a_stream_a_failed_build_is_422_with_log_lines()
    {
        var posting = _api.PostAsync("stream=false");
        var build = await _api.NextAsync();
        build.Report(
            new StepStarted("1", 1, 1, "RUN make"), new StepLog("1", "stdout", string.Concat(Enumerable.Range(0, 100).Select(n => $"line {n}\n"))),
            new BuildFailed("It returned 2.", "RUN make", 2));
        build.End();

        using var response = await posting;
        var problem = await response.ReadProblemAsync(HttpStatusCode.UnprocessableEntity, "build_failed");

        Assert.Equal(("step_failed", "RUN make", 2),
            (BuildApi.Text(problem, "reason"), BuildApi.Text(problem, "step"), problem.GetProperty("exitCode").GetInt32()));
        Assert.Equal(Enumerable.Range(80, 20).Select(n => $"line {n}"), problem.GetProperty("log").EnumerateArray().Select(l => l.GetString()));
        Assert.Equal("failed", BuildApi.Text(await _api.GetJsonAsync("/builds/" + BuildApi.Text(problem, "buildId")), "state"));
    }

    [Fact]
    public async Task Without_a_stream_an_engine_error_keeps_its_status()
    {
        var posting = _api.PostAsync("stream=false");
        var build = await _api.NextAsync();
        build.Report(new StepStarted("1", 1, 1, "RUN make"));
        build.Fail(ErrorCode.EngineUnavailable, "The connection broke.");

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
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build?tag=app:v1&" + query)
        {
            Content = new StringContent("FROM x", Encoding.UTF8, "text/x-dockerfile")
        };
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        var sending = _api.Client.SendAsync(request);
        (await _api.NextAsync()).Succeed();
        using var response = await sending;
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal(isText ? "text/plain" : "application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        if (isText)
        {
            Assert.Matches($@"\ABuild \w{{26}} on local \(buildkit\)\n\n#1 \[1/1\] RUN x\n#1 DONE \d+\.\ds\n\n" +
                $@"Build succeeded in \d+\.\ds: {BuildApi.Image} app:v1\n\z", text);
            var id = text.Split(' ')[1];
            Assert.Equal(text, await _api.Client.GetStringAsync($"/builds/{id}/events?format=text"));
        }
    }
}
