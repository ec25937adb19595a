using System.Net;
using System.Text.Json;
using ContainerApi.Engine.Docker.Builders;
using ContainerApi.Engine.Docker.Wire;
using ContainerApi.Tests.Builds;

namespace ContainerApi.Tests.Engine.Docker.Builders;

public sealed class ClassicBuilderTests
{
    [Fact]
    public async Task A_good_build_is_steps_logs_a_warning_and_an_image()
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
    public async Task Cached_steps_say_so_and_the_base_image_is_no_step_of_the_cache()
    {
        await using var engine = await RecordedEngine.StartAsync("cl_cached.txt");

        var completed = (await engine.BuildAsync()).OfType<StepCompleted>();

        Assert.Equal([false, true, true, true, true], completed.Select(s => s.Cached));
    }

    [Fact]
    public async Task Of_several_stages_the_last_image_counts()
    {
        await using var engine = await RecordedEngine.StartAsync("cl_multistage.txt");

        var facts = await engine.BuildAsync();

        Assert.Equal(6, facts.OfType<StepCompleted>().Count());
        Assert.Equal("sha256:baf7f3b45e812b1c5d4926ac2cb4607ee5777a82574aaddcf3f5f54d7f6c490f", facts.OfType<ImageBuilt>().Last().ImageId);
        Assert.Empty(facts.OfType<BuildFailed>());
    }

    [Theory]
    [InlineData("cl_runfail.txt", "RUN echo out; exit 3", 3, "The command '/bin/sh -c echo out; exit 3' returned a non-zero code: 3")]
    [InlineData("cl_copymissing.txt", "COPY nope /x", null, "COPY failed: file not found in build context or excluded by .dockerignore: stat nope: file does not exist")]
    [InlineData("cl_nobase.txt", "FROM h3-nope:1", null, "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: no such host")]
    public async Task A_failure_under_status_200_names_its_step(string capture, string step, int? exitCode, string message)
    {
        await using var engine = await RecordedEngine.StartAsync(capture);

        var facts = await engine.BuildAsync();

        Assert.Equal(new BuildFailed(message, step, exitCode), facts[^1]);
        Assert.Single(facts.OfType<BuildFailed>());
        Assert.DoesNotContain(facts, f => f is StepCompleted { Id: var id } && id == facts.OfType<StepStarted>().Last().Id);
    }

    [Theory]
    [InlineData("cl_syntaxerr.txt", "invalid_dockerfile")]
    [InlineData("cl_nodf.txt", "invalid_dockerfile")]
    [InlineData("cl_emptytar.txt", "invalid_dockerfile")]
    [InlineData("cl_trunc.txt", "invalid_context")]
    [InlineData("cl_badtag.txt", "engine_error")]
    public async Task A_refusal_is_told_by_its_kind(string capture, string kind)
    {
        await using var engine = await RecordedEngine.StartAsync(capture);

        var refused = await Assert.ThrowsAsync<EngineException>(() => engine.BuildAsync());

        Assert.Equal(kind, refused.Code.ToString());
    }

    [Theory]
    [InlineData(400, "failed to reach build target nope in Dockerfile", "invalid_dockerfile")]
    [InlineData(400, "the Dockerfile (Dockerfile) cannot be empty", "invalid_dockerfile")]
    [InlineData(400, "no build stage in current context", "invalid_dockerfile")]
    [InlineData(500, "forbidden path outside the build context: ../x ()", "invalid_dockerfile")]
    [InlineData(500, "archive/tar: invalid tar header", "invalid_context")]
    [InlineData(400, "error reading build args: invalid character 'x' looking for beginning of value", "invalid_request")]
    [InlineData(500, "no space left on device", "engine_error")]
    public async Task A_refused_build_is_classified_by_its_message(int status, string message, string kind)
    {
        await using var engine = await RecordedEngine.StartAsync((HttpStatusCode)status, JsonSerializer.Serialize(new { message }));

        var refused = await Assert.ThrowsAsync<EngineException>(() => engine.BuildAsync());

        Assert.Equal(kind, refused.Code.ToString());
    }

    [Theory]
    [InlineData("Ostype", "windows", "The engine runs Windows, which has no BuildKit.", false)]
    [InlineData("Libpod-API-Version", "5.4.2", "The engine is Podman, which has no BuildKit.", true)]
    [InlineData("Ostype", "linux", null, false)]
    public async Task Capabilities_say_why_BuildKit_is_unavailable(string header, string value, string? reason, bool isPodman)
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, "");
        engine.Ping = (header, value);
        Assert.Null(engine.Engine.Capabilities);

        var capabilities = await engine.Engine.PingAsync(CancellationToken.None);

        Assert.Same(capabilities, engine.Engine.Capabilities);
        Assert.Equal(reason, capabilities.BuildKitUnavailableReason);
        Assert.Equal(isPodman ? BuilderKind.Podman : BuilderKind.Classic, capabilities.ClassicBuilder);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{\"stream\":\"Step 1/1 : FROM x\"}")]
    [InlineData("{\"aux\":{\"ID\":\"sha256:1\"}}{\"stream\":\"Step 2/2 : FROM y\"}")]
    public async Task A_stream_that_ends_without_an_image_is_a_failure(string body)
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, body);

        Assert.IsType<BuildFailed>((await engine.BuildAsync())[^1]);
    }

    [Fact]
    public async Task A_stream_that_is_no_json_is_an_engine_that_failed()
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, "{\"stream\":\"Step 1/1 : FROM x\"}{\"stre");

        var failure = await Assert.ThrowsAsync<EngineException>(() => engine.BuildAsync());

        Assert.Equal(ErrorCode.EngineError, failure.Code);
    }

    [Fact]
    public async Task Every_parameter_is_sent_in_the_engines_format()
    {
        await using var engine = await RecordedEngine.StartAsync("cl_ok.txt");

        await engine.BuildAsync(new BuildSpec
        {
            Tags = [new("a", "1"), new("host:5000/b", "2")],
            Dockerfile = "dir/Docker file",
            Target = "stage",
            BuildArguments = new Dictionary<string, string?> { ["A"] = "x&y=\"z\"", ["NO_PROXY"] = null },
            Labels = new Dictionary<string, string> { ["l"] = "ä b" },
            Platform = "linux/amd64",
            NoCache = true,
            Pull = true,
            Network = "none",
            ExtraHosts = ["h:1.2.3.4", "i:::1"],
            CacheFrom = [new("c:1"), new("d:2")],
        });

        var query = engine.Query!;
        Assert.Equal("application/x-tar", engine.ContentType);
        Assert.Equal(1024, engine.Context!.Length);
        Assert.Equal(["a:1", "host:5000/b:2"], query["t"]);
        Assert.Equal(["dir/Docker file"], query["dockerfile"]);
        Assert.Equal(["stage"], query["target"]);
        Assert.Equal("x&y=\"z\"", JsonDocument.Parse(query["buildargs"][0]).RootElement.GetProperty("A").GetString());
        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse(query["buildargs"][0]).RootElement.GetProperty("NO_PROXY").ValueKind);
        Assert.Equal("ä b", JsonDocument.Parse(query["labels"][0]).RootElement.GetProperty("l").GetString());
        Assert.Equal(["c:1", "d:2"], JsonSerializer.Deserialize<string[]>(query["cachefrom"][0])!);
        Assert.Equal(["h:1.2.3.4", "i:::1"], query["extrahosts"]);
        Assert.Equal(["linux/amd64", "1", "1", "none", "1", "1"], new[] { "platform", "nocache", "pull", "networkmode", "rm", "forcerm" }.Select(n => query[n][0]));
    }

    [Theory]
    [InlineData(nameof(BuilderKind.Classic), "bridge", "1", "bridge")]
    [InlineData(nameof(BuilderKind.Classic), "mynet", "1", "mynet")]
    [InlineData(nameof(BuilderKind.BuildKit), "host", "2", "host")]
    [InlineData(nameof(BuilderKind.BuildKit), "bridge", "2", null)]
    [InlineData(nameof(BuilderKind.BuildKit), null, "2", null)]
    public async Task Each_builder_gets_its_own_query(string builder, string? network, string version, string? networkMode)
    {
        await using var engine = await RecordedEngine.StartAsync(builder == nameof(BuilderKind.BuildKit) ? "bk_ok.txt" : "cl_ok.txt");

        var facts = await engine.BuildAsync(new BuildSpec { Builder = Enum.Parse<BuilderKind>(builder), Network = network });

        Assert.Single(facts.OfType<ImageBuilt>());
        Assert.Equal(version, engine.Query!["version"].Single());
        Assert.Equal(networkMode, engine.Query.GetValueOrDefault("networkmode")?.Single());
    }

    [Fact]
    public void Output_like_the_builders_text_stays_output()
    {
        var facts = Read(
            "Step 1/2 : RUN tricks", "\n", " ---> Running in 0123456789ab\n",
            "Step 9/9 : FROM fake", " ---> Using cache\n", "[Warning] fake\n", "Removing intermediate container ffffffffffff\n", " ---> Running in ffffffffffff\n",
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
    public void Lines_that_come_in_pieces_are_put_together_by_stream()
    {
        var facts = Read(
            "Step 1/1 : RUN x", "\n", " ---> Running in 0123456789ab\n",
            "one\ntw", "\u001b[91mer\u001b[0m", "o\nthree", "\u001b[91mror\n\u001b[0m", "Removing intermediate container 0123456789ab\n");

        Assert.Equal(
            [new StepLog("1", "stdout", "one\n"), new StepLog("1", "stdout", "two\n"), new StepLog("1", "stderr", "error\n"), new StepLog("1", "stdout", "three")],
            facts.OfType<StepLog>());
    }

    [Fact]
    public void A_carriage_return_ends_a_line_unless_a_newline_follows()
    {
        var facts = Read("Step 1/1 : RUN x", " ---> Running in 0123456789ab\n", "10%\r", "20%\r30", "%\r", "\n");

        Assert.Equal(["10%\r20%\r", "30%\r\n"], facts.OfType<StepLog>().Select(l => l.Text));
    }

    [Fact]
    public void A_line_without_end_does_not_wait_for_ever()
    {
        var facts = Read("Step 1/1 : RUN x", " ---> Running in 0123456789ab\n", new string('x', 9000), "y");

        Assert.Equal(9000, facts.OfType<StepLog>().Single().Text.Length);
    }

    [Fact]
    public void A_pull_shows_its_layers_and_a_sentence_is_logged()
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
    public void An_instruction_that_needs_BuildKit_is_reported_as_such()
    {
        var builder = new ClassicBuilder();

        var failed = Assert.IsType<BuildFailed>(builder.Read(new StreamMessage { ErrorDetail = new WireError(null, "the --mount option requires BuildKit. Refer to …") }).Single());

        Assert.Equal(ErrorCode.FeatureUnsupported, failed.Code);
        Assert.Empty(builder.End());
    }

    [Theory]
    [InlineData("Invalid containerPort: nope")]
    [InlineData("invalid containerPort: nope")]
    [InlineData("Invalid signal: NOPE")]
    [InlineData("invalid from flag value 9: index out of bounds")]
    public void A_Dockerfile_error_names_a_step_only_if_the_builder_did(string message)
    {
        var error = new StreamMessage { ErrorDetail = new WireError(null, message) };
        var builder = new ClassicBuilder();
        Assert.Equal(ErrorCode.InvalidDockerfile, builder.Read(error).OfType<BuildFailed>().Single().Code);

        var running = new ClassicBuilder();
        _ = new[] { "Step 1/1 : RUN x\n", " ---> Running in 0123456789ab\n" }.SelectMany(t => running.Read(new StreamMessage { Stream = t })).ToList();
        Assert.Null(running.Read(error).OfType<BuildFailed>().Single().Code);
    }

    [Fact]
    public void A_message_hides_paths_of_the_engines_host_but_not_those_of_the_callers_command()
    {
        Assert.Equal("stat (path): no such file", Fail("stat /var/lib/docker/tmp/docker-builder12/x: no such file").Message);
        Assert.Equal("The command '/bin/sh -c cat /etc/x' returned a non-zero code: 1", Fail("The command '/bin/sh -c cat /etc/x' returned a non-zero code: 1").Message);
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
