using System.Text.RegularExpressions;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>Builds by the builder of Podman 5.4. These tests run on Podman only.</summary>
[Collection(EngineCollection.Name)]
[Trait("Category", "Podman")]
public sealed class PodmanBuildTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Fact]
    public async Task Build_uses_the_builder_of_Podman()
    {
        var tag = Tag();

        var lines = await BuildAsync($"tag={tag}&buildArg=A=1&{Labels}", Dockerfile("ARG A", "ENV B=$A", "COPY a /a"));

        var result = Succeeded(lines);
        Assert.Equal("podman", Text(lines[0], "builder"));
        var image = await InspectAsync(tag);
        Assert.EndsWith(Text(image, "Id"), Text(result, "imageId"), StringComparison.Ordinal);
        Assert.Contains("B=1", image["Config"]!["Env"]!.AsArray().Select(e => e!.GetValue<string>()));
    }

    [Theory]
    [InlineData("builder=buildkit", 422, "feature_unsupported")]
    [InlineData("network=my-network", 422, "feature_unsupported")]
    [InlineData("cacheFrom=example.com/a:v1", 400, "invalid_request")]
    public async Task Option_that_Podman_lacks_is_refused(string query, int status, string code)
    {
        using var response = await SendAsync($"{query}&{Labels}", Dockerfile());

        await ProblemAsync(response, (HttpStatusCode)status, code);
    }

    [Fact]
    public async Task Remote_context_returns_422_feature_unsupported()
    {
        using var response = await Fixture.Client.PostAsJsonAsync("/images/build", new { remote = EngineFixture.RemoteContexts + "x.tar" });

        await ProblemAsync(response, HttpStatusCode.UnprocessableEntity, "feature_unsupported");
    }

    [Fact]
    public async Task The_output_of_a_step_is_stdout_only()
    {
        var lines = await BuildAsync(Labels, Dockerfile("RUN echo out; echo err >&2"));

        Succeeded(lines);
        Assert.All(lines.Where(l => Is(l, "log")), l => Assert.Equal("stdout", Text(l, "stream")));
        Assert.Contains("err", Log(lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failing_step_has_its_exit_code_and_leaves_no_image()
    {
        var tag = Tag();

        var lines = await BuildAsync($"tag={tag}&{Labels}", Dockerfile("RUN exit 7"));

        var error = lines[^1]["error"]!;
        Assert.Equal(("step_failed", 7), (Text(error, "code"), error["exitCode"]!.GetValue<int>()));
        await AssertNoImageAsync(tag);
    }

    [Fact]
    public async Task Second_build_uses_the_cache()
    {
        var context = Dockerfile($"RUN echo {Guid.NewGuid():n}");
        Succeeded(await BuildAsync(Labels, context));

        var lines = await BuildAsync(Labels, context);

        Assert.Contains(lines, l => Is(l, "step") && l["cached"]?.GetValue<bool>() == true);
    }

    [Theory]
    [InlineData("RUN <<EOF\necho here\nEOF")]
    [InlineData("RUN --mount=type=cache,target=/c touch /c/x && echo here")]
    [InlineData("RUN --mount=type=bind,source=a,target=/m cat /m && echo here")]
    public async Task Heredocs_and_mounts_work(string instruction)
    {
        var lines = await BuildAsync($"noCache=true&{Labels}", Dockerfile(instruction));

        Succeeded(lines);
        Assert.Contains("here", Log(lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("bridge", true)]
    [InlineData("host", false)]
    public async Task Network_of_a_step_is_the_requested_one(string network, bool hasOwnInterface)
    {
        var lines = await BuildAsync($"noCache=true&network={network}&{Labels}", Dockerfile("RUN cat /proc/net/dev"));

        Succeeded(lines);
        Assert.Equal(hasOwnInterface, Regex.IsMatch(Log(lines), @"\beth0:"));
    }

    [Theory]
    [InlineData("FOO bar", "invalid_dockerfile")]
    [InlineData("COPY missing /", "step_failed")]
    public async Task Faulty_Dockerfile_fails_with_a_code(string instruction, string code)
    {
        using var response = await SendAsync(Labels, Dockerfile(instruction));

        var last = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.True(last.Contains(code, StringComparison.Ordinal), last);
    }

    [Fact]
    public async Task Client_that_disconnects_ends_the_stream_at_once()
    {
        using var response = await SendAsync($"noCache=true&{Labels}", Dockerfile("RUN echo started; sleep 3"));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await UntilAsync(reader, "log");

        await LeaveAsync(reader);

        await EngineFixture.UntilAsync(async () =>
        {
            var builds = JsonNode.Parse(await Fixture.Client.GetStringAsync("/builds"))!["items"]!.AsArray();
            return builds.All(b => Text(b!, "state") is not ("queued" or "running"));
        });
    }

    private byte[] Dockerfile(params string[] instructions) =>
        Tar(("Dockerfile", $"FROM {Fixture.Image}\n{string.Join('\n', instructions)}\n"), ("a", "a"));

    private static string Log(List<JsonObject> lines) => string.Concat(lines.Where(l => Is(l, "log")).Select(l => Text(l, "text")));
}
