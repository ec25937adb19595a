using ContainerApi.Engine.Docker.Builders;
using ContainerApi.Engine.Docker.Wire;
using ContainerApi.Tests.Builds;

namespace ContainerApi.Tests.Engine.Docker.Builders;

public sealed class ClassicBuilderTests
{
    [Fact]
    public async Task Good_build_is_steps_logs_a_warning_and_an_image()
    {
        await using var engine = await RecordedEngine.StartAsync("cl_ok.txt");

        var facts = await engine.BuildAsync();

        Assert.Equal(
            [
                new StepStarted("1", 1, 6, "FROM busybox"),
                new StepCompleted("1", false),
                new StepStarted("2", 2, 6, "ARG WHO=n"),
                new StepCompleted("2", false),
                new StepStarted("3", 3, 6, "RUN echo hello $WHO; echo err >&2; printf \"no newline\""),
                new StepLog("3", "stdout", "hello me\n"),
                new StepLog("3", "stderr", "err\n"),
                new StepLog("3", "stdout", "no newline"),
                new StepCompleted("3", false),
                new StepStarted("4", 4, 6, "COPY f /f"),
                new StepCompleted("4", false),
                new StepStarted("5", 5, 6, "LABEL a=b"),
                new StepCompleted("5", false),
                new StepStarted("6", 6, 6, "LABEL x=y"),
                new StepCompleted("6", false),
                new ImageBuilt("sha256:205312e33451ce9a371c6493573e41eb930be2f25d47ca067066aa96baf80d27"),
                new BuildWarning("One or more build-args [UNUSED] were not consumed", null),
            ],
            facts);
    }

    [Fact]
    public async Task Cached_steps_are_reported_without_the_base_image()
    {
        await using var engine = await RecordedEngine.StartAsync("cl_cached.txt");

        var completed = (await engine.BuildAsync()).OfType<StepCompleted>();

        Assert.Equal([false, true, true, true, true], completed.Select(s => s.Cached));
    }

    [Fact]
    public async Task The_last_image_of_several_stages_is_the_result()
    {
        await using var engine = await RecordedEngine.StartAsync("cl_multistage.txt");

        var facts = await engine.BuildAsync();

        Assert.Equal(6, facts.OfType<StepCompleted>().Count());
        Assert.Equal("sha256:baf7f3b45e812b1c5d4926ac2cb4607ee5777a82574aaddcf3f5f54d7f6c490f", facts.OfType<ImageBuilt>().Last().ImageId);
        Assert.Empty(facts.OfType<BuildFailed>());
    }

    [Theory]
    [InlineData("cl_runfail.txt", "RUN echo out; exit 3", 3, "The command '/bin/sh -c echo out; exit 3' returned a non-zero code: 3")]
    [InlineData(
        "cl_copymissing.txt", "COPY nope /x", null,
        "COPY failed: file not found in build context or excluded by .dockerignore: stat nope: file does not exist")]
    [InlineData(
        "cl_nobase.txt", "FROM h3-nope:1", null,
        "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: no such host",
        "registry_unavailable")]
    public async Task Error_in_the_stream_names_its_step(string capture, string step, int? exitCode, string message, string? code = null)
    {
        await using var engine = await RecordedEngine.StartAsync(capture);

        var facts = await engine.BuildAsync();

        Assert.Equal(new BuildFailed(message, step, exitCode, ErrorCode.Find(code)), facts[^1]);
        Assert.Single(facts.OfType<BuildFailed>());
        Assert.DoesNotContain(facts, f => f is StepCompleted { Id: var id } && id == facts.OfType<StepStarted>().Last().Id);
    }

    [Theory]
    [InlineData("cl_syntaxerr.txt", "invalid_dockerfile")]
    [InlineData("cl_nodf.txt", "invalid_dockerfile")]
    [InlineData("cl_emptytar.txt", "invalid_dockerfile")]
    [InlineData("cl_trunc.txt", "invalid_context")]
    [InlineData("cl_badtag.txt", "engine_error")]
    public async Task Rejected_build_is_classified(string capture, string kind)
    {
        await using var engine = await RecordedEngine.StartAsync(capture);

        var refused = await Assert.ThrowsAsync<EngineException>(() => engine.BuildAsync());

        Assert.Equal(kind, refused.Code.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{\"stream\":\"Step 1/1 : FROM x\"}")]
    [InlineData("{\"aux\":{\"ID\":\"sha256:1\"}}{\"stream\":\"Step 2/2 : FROM y\"}")]
    public async Task Stream_that_ends_without_an_image_is_a_failure(string body)
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, body);

        Assert.IsType<BuildFailed>((await engine.BuildAsync())[^1]);
    }

    [Fact]
    public async Task Invalid_JSON_is_an_engine_error()
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, "{\"stream\":\"Step 1/1 : FROM x\"}{\"stre");

        var failure = await Assert.ThrowsAsync<EngineException>(() => engine.BuildAsync());

        Assert.Equal(ErrorCode.EngineError, failure.Code);
    }

    [Fact]
    public void Output_like_the_builders_text_stays_output()
    {
        var facts = Read(
            "Step 1/2 : RUN tricks", "\n", " ---> Running in 0123456789ab\n",
            "Step 9/9 : FROM fake", " ---> Using cache\n", "[Warning] fake\n",
            "Removing intermediate container ffffffffffff\n", " ---> Running in ffffffffffff\n",
            "Removing intermediate container 0123456789ab\n", " ---> 111111111111\n",
            "Step 2/2 : RUN next", "\n");

        Assert.Equal(["1", "2"], facts.OfType<StepStarted>().Select(s => s.Id));
        Assert.Empty(facts.OfType<BuildWarning>());
        Assert.Equal([new StepCompleted("1", false)], facts.OfType<StepCompleted>());
        Assert.Equal(
            "Step 9/9 : FROM fake ---> Using cache\n[Warning] fake\nRemoving intermediate container ffffffffffff\n ---> Running in ffffffffffff\n",
            string.Concat(facts.OfType<StepLog>().Select(l => l.Text)));
    }

    [Fact]
    public void Parts_of_lines_are_joined_by_stream()
    {
        var facts = Read(
            "Step 1/1 : RUN x", "\n", " ---> Running in 0123456789ab\n",
            "one\ntw", "\u001b[91mer\u001b[0m", "o\nthree", "\u001b[91mror\n\u001b[0m", "Removing intermediate container 0123456789ab\n");

        Assert.Equal(
            [new StepLog("1", "stdout", "one\n"), new StepLog("1", "stdout", "two\n"),
            new StepLog("1", "stderr", "error\n"), new StepLog("1", "stdout", "three")],
            facts.OfType<StepLog>());
    }

    [Fact]
    public void Carriage_return_ends_a_line_unless_a_newline_follows()
    {
        var facts = Read("Step 1/1 : RUN x", " ---> Running in 0123456789ab\n", "10%\r", "20%\r30", "%\r", "\n");

        Assert.Equal(["10%\r20%\r", "30%\r\n"], facts.OfType<StepLog>().Select(l => l.Text));
    }

    [Fact]
    public void Long_line_without_end_is_reported()
    {
        var facts = Read("Step 1/1 : RUN x", " ---> Running in 0123456789ab\n", new string('x', 9000), "y");

        Assert.Equal(9000, facts.OfType<StepLog>().Single().Text.Length);
    }

    [Fact]
    public void Pull_reports_layers_and_logs_other_messages()
    {
        var builder = new ClassicBuilder();
        var facts = new[]
        {
            """{"stream":"Step 1/1 : FROM x"}""",
            """{"status":"Pulling from library/x","id":"latest"}""",
            """{"status":"Downloading","progressDetail":{"current":5,"total":10},"progress":"[=>]","id":"abc"}""",
            """{"status":"Pull complete","progressDetail":{},"id":"abc"}""",
            """{"status":"Digest: sha256:00"}""",
        }.SelectMany(json => builder.Read(JsonSerializer.Deserialize(json, StreamWire.Default.StreamMessage)!)).ToList();

        Assert.Equal(
            [
                new StepStarted("1", 1, 1, "FROM x"),
                new StepProgress("1", "latest", "Pulling from library/x", null, null),
                new StepProgress("1", "abc", "Downloading", 5, 10),
                new StepProgress("1", "abc", "Pull complete", null, null),
                new StepLog("1", "stdout", "Digest: sha256:00\n"),
            ],
            facts);
    }

    [Fact]
    public void Triggers_of_the_base_image_belong_to_its_step()
    {
        var facts = Read(
            "Step 1/2 : FROM onbuild", "\n", "# Executing 2 build trigger", "s", "\n",
            " ---> Running in 0123456789ab\n", "trig\n", "Removing intermediate container 0123456789ab\n",
            " ---> Running in 0123456789ac\n", "Removing intermediate container 0123456789ac\n", " ---> 9b5b94d1df8f\n", "Step 2/2 : RUN y");

        Assert.Equal(["1", "2"], facts.OfType<StepStarted>().Select(s => s.Id));
        Assert.Equal("# Executing 2 build triggers\ntrig\n", string.Concat(facts.OfType<StepLog>().Select(l => l.Text)));
        Assert.Equal([new StepCompleted("1", false)], facts.OfType<StepCompleted>());
    }

    [Fact]
    public void Instruction_that_needs_BuildKit_is_unsupported()
    {
        var builder = new ClassicBuilder();
        var error = new StreamMessage { ErrorDetail = new WireError(null, "the --mount option requires BuildKit. Refer to …") };

        var failed = Assert.IsType<BuildFailed>(Assert.Single(builder.Read(error)));

        Assert.Equal(ErrorCode.FeatureUnsupported, failed.Code);
        Assert.Empty(builder.End());
    }

    [Theory]
    [InlineData("Invalid containerPort: nope")]
    [InlineData("invalid containerPort: nope")]
    [InlineData("Invalid signal: NOPE")]
    [InlineData("invalid from flag value 9: index out of bounds")]
    public void Dockerfile_error_outside_a_command_is_an_invalid_Dockerfile(string message)
    {
        var error = new StreamMessage { ErrorDetail = new WireError(null, message) };
        var builder = new ClassicBuilder();
        Assert.Equal(ErrorCode.InvalidDockerfile, builder.Read(error).OfType<BuildFailed>().Single().Code);

        var running = new ClassicBuilder();
        _ = running.Read(new StreamMessage { Stream = "Step 1/1 : RUN x\n" });
        _ = running.Read(new StreamMessage { Stream = " ---> Running in 0123456789ab\n" });
        Assert.Null(running.Read(error).OfType<BuildFailed>().Single().Code);
    }

    [Fact]
    public void Paths_of_the_host_are_redacted_and_paths_of_a_command_are_kept()
    {
        Assert.Equal("stat (path): no such file", Fail("stat /var/lib/docker/tmp/docker-builder12/x: no such file").Message);
        Assert.Equal(
            "The command '/bin/sh -c cat /etc/x' returned a non-zero code: 1",
            Fail("The command '/bin/sh -c cat /etc/x' returned a non-zero code: 1").Message);
        Assert.Equal(1, Fail("The command '/bin/sh -c cat /etc/x' returned a non-zero code: 1").ExitCode);

        static BuildFailed Fail(string message) =>
            (BuildFailed)new ClassicBuilder().Read(new StreamMessage { Error = message }).Single();
    }

    private static List<BuildFact> Read(params string[] texts)
    {
        var builder = new ClassicBuilder();
        return [.. texts.SelectMany(text => builder.Read(new StreamMessage { Stream = text }))];
    }
}
