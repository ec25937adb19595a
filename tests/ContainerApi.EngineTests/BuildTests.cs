using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ContainerApi.Engine;
using ContainerApi.Engine.Docker;

namespace ContainerApi.EngineTests;

/// <summary>Builds through the service with both builders; what they made is looked up on the engine itself.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildTests(EngineFixture fixture)
{
    private string Labels => $"label={EngineFixture.Label}={fixture.Run}";

    public static TheoryData<string> Builders => ["classic", "buildkit"];

    private string With(string builder) => $"{Labels}&builder={builder}";

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task An_archive_becomes_an_image_with_what_its_Dockerfile_says(string builder)
    {
        var tag = Tag();
        var dockerfile = """
            FROM scratch
            ARG GREETING=none
            COPY hello.txt /data/hello.txt
            ENV GREETING=$GREETING
            LABEL own=yes
            CMD ["/data/hello.txt"]
            """;

        var lines = await BuildAsync($"tag={tag}&tag={tag}-too&buildArg=GREETING=hi%20you&label=extra=1&{With(builder)}", Tar(("Dockerfile", dockerfile), ("hello.txt", "hello")));

        var result = Succeeded(lines);
        Assert.Equal([tag, tag + "-too"], result["tags"]!.AsArray().Select(t => t!.GetValue<string>()));
        Assert.Equal(("started", builder), (lines[0]["type"]!.GetValue<string>(), lines[0]["builder"]!.GetValue<string>()));
        Assert.Single(lines, l => Is(l, "step") && l["state"]!.GetValue<string>() == "completed" && l["name"]!.GetValue<string>() == "COPY hello.txt /data/hello.txt");
        var image = await InspectAsync(tag);
        Assert.Equal(result["imageId"]!.GetValue<string>(), image["Id"]!.GetValue<string>());
        Assert.Equal(image["Id"]!.GetValue<string>(), (await InspectAsync(tag + "-too"))["Id"]!.GetValue<string>());
        Assert.Contains("GREETING=hi you", Texts(image["Config"]!["Env"]));
        Assert.Equal(["/data/hello.txt"], Texts(image["Config"]!["Cmd"]));
        Assert.Equal(("yes", "1"), (Label(image, "own"), Label(image, "extra")));
        var history = await fixture.Engine.GetStringAsync($"images/{tag}/history");
        Assert.Contains("COPY ", history, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_step_that_runs_shows_its_output_by_stream_and_leaves_no_container(string builder)
    {
        var tag = Tag();

        var lines = await BuildAsync($"tag={tag}&{With(builder)}", Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN echo out; echo err >&2; printf unended\nRUN echo kept > /tmp/kept\n")));

        Succeeded(lines);
        Assert.Equal("out\nunended", Log(lines, "stdout"));
        Assert.Equal("err\n", Log(lines, "stderr"));
        Assert.DoesNotContain(await ContainersAsync(), c => c["Image"]!.GetValue<string>().Contains(tag, StringComparison.Ordinal));
        Assert.Equal("kept\n", await RunAsync(tag, "cat", "/tmp/kept"));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_second_build_comes_from_the_cache(string builder)
    {
        var context = Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN echo {Guid.NewGuid()}\n"));
        Succeeded(await BuildAsync($"tag={Tag()}&{With(builder)}", context));

        var again = await BuildAsync($"tag={Tag()}&{With(builder)}", context);
        var anew = await BuildAsync($"tag={Tag()}&noCache=true&{With(builder)}", context);

        Assert.True(CachedRun(again));
        Assert.False(CachedRun(anew));

        static bool CachedRun(List<JsonObject> lines) => lines.Single(l =>
            Is(l, "step") && l["number"]?.GetValue<int>() == 2 && l["state"]!.GetValue<string>() == "completed")["cached"]!.GetValue<bool>();
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_step_that_fails_is_a_failed_result_with_its_exit_code_and_leaves_nothing(string builder)
    {
        var tag = Tag();
        var command = $"echo {Guid.NewGuid():n}; exit 7";

        var lines = await BuildAsync($"tag={tag}&{With(builder)}", Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN {command}\n")));

        var result = lines[^1];
        Assert.Equal("failed", result["state"]!.GetValue<string>());
        Assert.Equal("step_failed", result["error"]!["code"]!.GetValue<string>());
        Assert.Equal(7, result["error"]!["exitCode"]!.GetValue<int>());
        Assert.Equal("RUN " + command, result["error"]!["step"]!.GetValue<string>());
        Assert.Null(result["imageId"]);
        Assert.Single(lines, l => Is(l, "result"));
        await AssertNoImageAsync(tag);
        Assert.False(await RunsAsync(command));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task The_stream_begins_before_the_build_ends(string builder)
    {
        using var response = await SendAsync($"tag={Tag()}&{With(builder)}", Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN echo first; sleep 2; echo last\n")));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var watch = Stopwatch.StartNew();

        Assert.True(Is(await LineAsync(reader), "started"));
        JsonObject line;
        do
        {
            line = await LineAsync(reader);
        }
        while (!Is(line, "log"));
        Assert.Equal("first\n", line["text"]!.GetValue<string>());
        var firstText = watch.Elapsed;
        while (!Is(line, "result"))
        {
            line = await LineAsync(reader);
        }

        Assert.True(watch.Elapsed - firstText > TimeSpan.FromSeconds(1), $"the text came {firstText} into the stream, the result at {watch.Elapsed}");
        Assert.Null(await reader.ReadLineAsync());
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_client_that_leaves_stops_the_build_within_a_second(string builder)
    {
        var tag = Tag();
        var mark = "sleep 60; : " + Guid.NewGuid().ToString("n");
        using var response = await SendAsync($"tag={tag}&{With(builder)}", Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN echo begun; {mark}\n")));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await UntilLogAsync(reader);

        Assert.True(await RunsAsync(mark));
        await LeaveAsync(reader);

        var watch = Stopwatch.StartNew();
        while (await RunsAsync(mark))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), "the step still runs");
            await Task.Delay(20);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"the step ran on for {watch.Elapsed}");
        await AssertNoImageAsync(tag);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task To_end_the_enumeration_of_facts_stops_the_build(string builder)
    {
        var mark = "sleep 60; : " + Guid.NewGuid().ToString("n");
        var host = Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } named ? named : EngineEndpoint.Default;
        using var engine = new DockerEngine(new EngineOptions { Name = "local", Endpoint = host }, TimeProvider.System);
        using var context = new MemoryStream(Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN echo begun; {mark}\n")));

        await foreach (var fact in engine.BuildAsync(new BuildSpec { Builder = builder == "buildkit" ? BuilderKind.BuildKit : BuilderKind.Classic }, context, CancellationToken.None))
        {
            if (fact is StepLog)
            {
                Assert.True(await RunsAsync(mark));
                break;
            }
        }

        var watch = Stopwatch.StartNew();
        while (await RunsAsync(mark))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), "the step still runs");
            await Task.Delay(20);
        }
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task The_timeout_stops_the_build(string builder)
    {
        var mark = "sleep 60; : " + Guid.NewGuid().ToString("n");

        var lines = await BuildAsync($"timeout=2&{With(builder)}", Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN {mark}\n")));

        Assert.Equal("timeout", lines[^1]["error"]!["code"]!.GetValue<string>());
        Assert.Equal("RUN " + mark, lines[^1]["error"]!["step"]!.GetValue<string>());
        var watch = Stopwatch.StartNew();
        while (await RunsAsync(mark))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), "the step still runs");
            await Task.Delay(20);
        }
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_gzipped_archive_is_built(string builder)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(Tar(("Dockerfile", "FROM scratch\nCOPY a /a\n"), ("a", new string('a', 300_000))));
        }

        Succeeded(await BuildAsync($"tag={Tag()}&{With(builder)}", packed.ToArray(), "application/gzip"));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_stage_and_a_Dockerfile_elsewhere_can_be_named(string builder)
    {
        var tag = Tag();
        var dockerfile = $"FROM {fixture.Image} AS base\nRUN echo made > /tmp/made\nFROM scratch AS wanted\nCOPY --from=base /tmp/made /made\nLABEL stage=wanted\nFROM scratch AS last\nCOPY missing /\n";

        Succeeded(await BuildAsync($"tag={tag}&dockerfile=dir/My.Dockerfile&target=wanted&{With(builder)}", Tar(("dir/My.Dockerfile", dockerfile))));

        Assert.Equal("wanted", Label(await InspectAsync(tag), "stage"));
    }

    [Fact]
    public async Task The_tutorials_directory_is_built_by_its_path()
    {
        var tag = Tag() + "-v1.0";
        Write("shiyanloutest/Dockerfile", $"FROM {fixture.Image}\nENV HOSTNAME=shiyanlou\n");

        var lines = await LinesAsync(await fixture.Client.PostAsJsonAsync("/images/build", new { path = "shiyanloutest", tag, label = $"{EngineFixture.Label}={fixture.Run}" }));

        Succeeded(lines);
        Assert.Contains("HOSTNAME=shiyanlou", Texts((await InspectAsync(tag))["Config"]!["Env"]));
    }

    [Fact]
    public async Task A_directory_is_sent_as_it_is_without_what_it_ignores()
    {
        var tag = Tag();
        var longName = string.Join('/', Enumerable.Repeat(new string('n', 60), 4)) + "/ünï-🐋.txt";
        Write("full/Dockerfile", $"FROM {fixture.Image}\nCOPY . /ctx\n");
        Write("full/.dockerignore", "# nothing secret\n*.secret\nnode_modules\n!node_modules/keep\n");
        Write("full/a.secret", "s");
        Write("full/run.sh", "#!/bin/sh\n");
        Write("full/node_modules/drop", "d");
        Write("full/node_modules/keep", "k");
        Write("full/" + longName, "long");
        Directory.CreateDirectory(Path.Combine(fixture.ContextRoot, "full/empty"));
        File.CreateSymbolicLink(Path.Combine(fixture.ContextRoot, "full/link"), "/etc/hostname");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(fixture.ContextRoot, "full/run.sh"), (UnixFileMode)0x1E8);
        }

        Succeeded(await LinesAsync(await fixture.Client.PostAsJsonAsync("/images/build", new { path = "full", tag, label = $"{EngineFixture.Label}={fixture.Run}" })));

        var listing = await RunAsync(tag, "ls", "-lnA", "/ctx");
        Assert.Matches(@"-rwxr-x---\s+1 0\s+0\s+10 .* run\.sh", listing);
        Assert.Matches(@"l\S+\s+1 0\s+0\s+13 .* link -> /etc/hostname", listing);
        Assert.Matches(@"d\S+\s+2 0\s+0\s+\d+ .* empty", listing);
        Assert.DoesNotContain("a.secret", listing, StringComparison.Ordinal);
        Assert.Equal("keep\n", await RunAsync(tag, "ls", "/ctx/node_modules"));
        Assert.Equal("long", await RunAsync(tag, "cat", "/ctx/" + longName));
    }

    [Fact]
    public async Task The_tutorials_tool_tells_a_directory_from_a_container()
    {
        var name = fixture.UniqueName("shiyanlouredis");
        var (built, committed) = (Tag(), Tag());
        Write(name + "-dir/Dockerfile", $"FROM {fixture.Image}\nLABEL {EngineFixture.Label}={fixture.Run} made=built\n");
        var container = await fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "echo changed > /tmp/changed; echo ready; sleep 1000" } }, name);
        await UntilRunsAsync(container);

        var fromDirectory = Succeeded(await LinesAsync(await fixture.Client.PostAsJsonAsync("/images", new { source = name + "-dir", tag = built })));
        var fromContainer = Succeeded(await LinesAsync(await fixture.Client.PostAsJsonAsync("/images", new { source = name, tag = committed })));

        Assert.Equal("built", Label(await InspectAsync(built), "made"));
        Assert.Equal(fromDirectory["imageId"]!.GetValue<string>(), (await InspectAsync(built))["Id"]!.GetValue<string>());
        Assert.Equal(fromContainer["imageId"]!.GetValue<string>(), (await InspectAsync(committed))["Id"]!.GetValue<string>());
        Assert.Equal("changed\n", await RunAsync(committed, "cat", "/tmp/changed"));
    }

    [Fact]
    public async Task Bad_input_is_a_problem_and_leaves_nothing_behind()
    {
        var tag = Tag();
        var good = Tar(("Dockerfile", "FROM scratch\nCOPY a /a\n"), ("a", new string('a', 100_000)));
        var cases = new (byte[] Body, string Query, HttpStatusCode Status, string Code)[]
        {
            ([], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Encoding.ASCII.GetBytes(new string('x', 100_000)), "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..(good.Length / 2)], "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..700], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Tar(("other", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (new byte[1024], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Tar(("Dockerfile", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "FROM scratch\nNOPE x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "RUN x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile/x", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&target=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=../x", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&tag=A", HttpStatusCode.BadRequest, "invalid_reference"),
            (good, "&engine=none", HttpStatusCode.NotFound, "engine_not_found"),
        };
        var before = await DanglingAsync();

        foreach (var (body, query, status, code) in cases)
        {
            using var response = await SendAsync($"tag={tag}&{With("classic")}{query}", body);
            var text = await response.Content.ReadAsStringAsync();

            Assert.True(response.StatusCode == status, $"{query} of {body.Length} bytes: {text}");
            Assert.Equal(code, JsonNode.Parse(text)!["code"]!.GetValue<string>());
            Assert.DoesNotContain("docker-builder", text, StringComparison.Ordinal);
        }

        await AssertNoImageAsync(tag);
        Assert.Empty((await DanglingAsync()).Except(before));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task What_fails_after_the_start_is_in_the_result(string builder)
    {
        var lines = await BuildAsync(With(builder), Tar(("Dockerfile", $"FROM {fixture.Image}\nCOPY nope /x\n")));

        Assert.Equal("step_failed", lines[^1]["error"]!["code"]!.GetValue<string>());
        Assert.Equal("COPY nope /x", lines[^1]["error"]!["step"]!.GetValue<string>());
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task What_is_wrong_with_the_Dockerfile_and_shows_late_has_the_same_code(string builder)
    {
        foreach (var instruction in new[] { "EXPOSE nope/x", "STOPSIGNAL NOPE", "COPY --from=9 a /a" })
        {
            var lines = await BuildAsync(With(builder), Tar(("Dockerfile", $"FROM {fixture.Image}\nUSER 1\n{instruction}\n")));

            Assert.Equal((instruction, "invalid_dockerfile"), (instruction, lines[^1]["error"]!["code"]!.GetValue<string>()));
        }
    }

    [Theory]
    [InlineData("classic", "RUN --mount=type=cache,target=/x true")]
    [InlineData("classic", "RUN <<EOF\necho never\nEOF")]
    [InlineData("buildkit", "RUN --mount=type=ssh true")]
    public async Task What_a_builder_cannot_do_is_refused_before_any_work(string builder, string instruction)
    {
        var before = await DanglingAsync();

        using var response = await SendAsync(With(builder), Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN true\n{instruction}\n")));

        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "feature_unsupported"), (response.StatusCode, problem["code"]!.GetValue<string>()));
        Assert.StartsWith("Line 3 of the Dockerfile: ", problem["detail"]!.GetValue<string>());
        Assert.Empty((await DanglingAsync()).Except(before));
    }

    [Fact]
    public async Task BuildKit_builds_refuse_bad_input_alike_and_leave_nothing_behind()
    {
        var tag = Tag();
        var good = Tar(("Dockerfile", "FROM scratch\nCOPY a /a\n"), ("a", new string('a', 100_000)));
        var cases = new (byte[] Body, string Query, HttpStatusCode Status, string Code)[]
        {
            ([], "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..(good.Length / 2)], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Encoding.ASCII.GetBytes(new string('x', 100_000)), "", HttpStatusCode.BadRequest, "invalid_context"),
            (good[..700], "", HttpStatusCode.BadRequest, "invalid_context"),
            (new byte[1024], "", HttpStatusCode.BadRequest, "invalid_context"),
            (Tar(("Dockerfile/x", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=../x", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&engine=none", HttpStatusCode.NotFound, "engine_not_found"),
            (good, "&tag=A", HttpStatusCode.BadRequest, "invalid_reference"),
            (good, "&network=containerapi-none", HttpStatusCode.UnprocessableEntity, "feature_unsupported"),
            (Tar(("other", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "FROM scratch\nNOPE x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (Tar(("Dockerfile", "RUN x\n")), "", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&target=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
            (good, "&dockerfile=none", HttpStatusCode.BadRequest, "invalid_dockerfile"),
        };
        var before = await DanglingAsync();

        foreach (var (body, query, status, code) in cases)
        {
            using var response = await SendAsync($"tag={tag}&{With("buildkit")}{query}", body);
            var text = await response.Content.ReadAsStringAsync();

            Assert.True(response.StatusCode == status, $"{query} of {body.Length} bytes: {text}");
            Assert.Equal(code, JsonNode.Parse(text)!["code"]!.GetValue<string>());
        }

        await AssertNoImageAsync(tag);
        Assert.Empty((await DanglingAsync()).Except(before));
    }

    /// <summary>
    /// What only the frontend finds: the classic builder has said nothing yet, BuildKit has, so there it is a result. The code is one.
    /// </summary>
    [Theory]
    [InlineData("FROM scratch\nCOPY a\n")]
    [InlineData("FROM scratch\nCOPY --nope=x a /a\n")]
    [InlineData("FROM\n")]
    [InlineData("FROM scratch x y\n")]
    [InlineData("FROM scratch AS 1x\n")]
    [InlineData("FROM scratch\nENV A\n")]
    [InlineData("FROM scratch\nONBUILD FROM x\n")]
    [InlineData("FROM scratch\nHEALTHCHECK NOPE\n")]
    [InlineData("FROM UPPER\n")]
    [InlineData("FROM scratch\nWORKDIR\n")]
    public async Task A_Dockerfile_that_the_builder_refuses_has_one_code(string dockerfile)
    {
        foreach (var builder in new[] { "classic", "buildkit" })
        {
            using var response = await SendAsync(With(builder), Tar(("Dockerfile", dockerfile), ("a", "a")));
            var text = await response.Content.ReadAsStringAsync();

            var last = JsonNode.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
            Assert.True("invalid_dockerfile" == (last["error"]?["code"] ?? last["code"])?.GetValue<string>(), $"{builder}: {text}");
            Assert.DoesNotContain("buildkit-mount", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task BuildKit_builds_where_nothing_else_is_asked_for()
    {
        var lines = await BuildAsync(Labels, Tar(("Dockerfile", "FROM scratch\nLABEL a=b\n")));

        Succeeded(lines);
        Assert.Equal("buildkit", lines[0]["builder"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_character_that_is_printed_in_two_pieces_arrives_whole_from_BuildKit()
    {
        var lines = await BuildAsync($"noCache=true&{With("buildkit")}", Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN printf '\\346'; sleep 1; printf '\\227\\245\\n'\n")));

        Succeeded(lines);
        Assert.Equal("\u65e5\n", Log(lines, "stdout"));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Steps_can_be_without_network_and_know_extra_hosts(string builder)
    {
        var lines = await BuildAsync(
            $"network=none&extraHost=h:10.9.8.7&noCache=true&{With(builder)}", Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN cat /etc/hosts; ls /sys/class/net\n")));

        Succeeded(lines);
        Assert.Matches(@"10\.9\.8\.7\s+h\n", Log(lines, "stdout"));
        Assert.DoesNotContain("eth0", Log(lines, "stdout"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task A_base_image_that_is_nowhere_is_a_failed_step(string builder)
    {
        var lines = await BuildAsync(With(builder), Tar(("Dockerfile", "FROM localhost:1/containerapi-test/nowhere:1\n")));

        Assert.Equal("step_failed", lines[^1]["error"]!["code"]!.GetValue<string>());
        Assert.Contains("localhost:1/containerapi-test/nowhere:1", lines[^1]["error"]!["step"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identical_build_goes_on_when_the_client_of_the_other_leaves()
    {
        var (leavers, stayers) = (Tag(), Tag());
        var mark = "sleep 4; : " + Guid.NewGuid().ToString("n");
        var context = Tar(("Dockerfile", $"FROM {fixture.Image}\nRUN echo begun; {mark}\n"));
        using var staying = await SendAsync($"tag={stayers}&{With("buildkit")}", context);
        using var stays = new StreamReader(await staying.Content.ReadAsStreamAsync());
        await UntilLogAsync(stays);
        Assert.True(await RunsAsync(mark));
        using (var leaving = await SendAsync($"tag={leavers}&{With("buildkit")}", context))
        using (var leaves = new StreamReader(await leaving.Content.ReadAsStreamAsync()))
        {
            await UntilLogAsync(leaves);
            await LeaveAsync(leaves);
        }

        JsonObject line;
        do
        {
            line = await LineAsync(stays);
        }
        while (!Is(line, "result"));
        Assert.Equal("succeeded", line["state"]!.GetValue<string>());
        await InspectAsync(stayers);
        await AssertNoImageAsync(leavers);
        Assert.False(await RunsAsync(mark));
    }

    private static string Tag() => $"containerapi-test/build:{Guid.NewGuid().ToString("n")[..12]}";

    private void Write(string name, string text)
    {
        var path = Path.Combine(fixture.ContextRoot, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private async Task<List<JsonObject>> BuildAsync(string query, byte[] context, string type = "application/x-tar") =>
        await LinesAsync(await SendAsync(query, context, type));

    private async Task<HttpResponseMessage> SendAsync(string query, byte[] context, string type = "application/x-tar")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/build?" + query) { Content = new ByteArrayContent(context) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return await fixture.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task<List<JsonObject>> LinesAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, text);
            return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];
        }
    }

    private static async Task<JsonObject> LineAsync(StreamReader reader) =>
        JsonNode.Parse(await reader.ReadLineAsync() ?? throw new EndOfStreamException("The stream ended before its result."))!.AsObject();

    private static async Task UntilLogAsync(StreamReader reader)
    {
        while (!Is(await LineAsync(reader), "log"))
        {
        }
    }

    /// <summary>To dispose the answer would wait for more of it; a read that is given up closes the connection.</summary>
    private static async Task LeaveAsync(StreamReader reader)
    {
        using var leaving = new CancellationTokenSource();
        var read = reader.ReadLineAsync(leaving.Token).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    private static JsonObject Succeeded(List<JsonObject> lines)
    {
        Assert.True(Is(lines[^1], "result") && lines[^1]["state"]!.GetValue<string>() == "succeeded", string.Join('\n', lines.Select(l => l.ToJsonString())));
        Assert.Single(lines, l => Is(l, "result"));
        return lines[^1];
    }

    private static bool Is(JsonObject line, string type) => line["type"]!.GetValue<string>() == type;

    private static string Log(List<JsonObject> lines, string stream) =>
        string.Concat(lines.Where(l => Is(l, "log") && l["stream"]!.GetValue<string>() == stream).Select(l => l["text"]!.GetValue<string>()));

    private static IEnumerable<string> Texts(JsonNode? list) => list!.AsArray().Select(i => i!.GetValue<string>());

    private static string? Label(JsonObject image, string name) => image["Config"]!["Labels"]![name]?.GetValue<string>();

    private async Task<JsonObject> InspectAsync(string tag) => (await fixture.Engine.GetFromJsonAsync<JsonObject>($"images/{tag}/json"))!;

    private async Task AssertNoImageAsync(string tag)
    {
        using var response = await fixture.Engine.GetAsync($"images/{tag}/json");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private async Task<List<JsonObject>> ContainersAsync() =>
        [.. (await fixture.Engine.GetFromJsonAsync<JsonArray>("containers/json?all=1"))!.Select(c => c!.AsObject())];

    /// <summary>
    /// Whether a container or a process with this in its command is there: BuildKit's steps are no containers. The engine's
    /// host is this one. (A shell replaces itself by its last command, so a mark must not stand in that one's comment.)
    /// </summary>
    private async Task<bool> RunsAsync(string mark) =>
        (await ContainersAsync()).Any(c => c["Command"]!.GetValue<string>().Contains(mark, StringComparison.Ordinal))
        || Directory.EnumerateDirectories("/proc").Any(process => CommandOf(process).Contains(mark, StringComparison.Ordinal));

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Images of this run that no tag names.</summary>
    private async Task<HashSet<string>> DanglingAsync()
    {
        var filters = Uri.EscapeDataString(JsonSerializer.Serialize(new Dictionary<string, string[]>
        {
            ["dangling"] = ["true"],
            ["label"] = [$"{EngineFixture.Label}={fixture.Run}"],
        }));
        return [.. (await fixture.Engine.GetFromJsonAsync<JsonArray>($"images/json?filters={filters}"))!.Select(i => i!["Id"]!.GetValue<string>())];
    }

    private async Task UntilRunsAsync(string container)
    {
        for (var logs = ""; !logs.Contains("ready", StringComparison.Ordinal);)
        {
            logs = await fixture.Engine.GetStringAsync($"containers/{container}/logs?stdout=1");
        }
    }

    /// <summary>Runs a command in an image and returns what it printed.</summary>
    private async Task<string> RunAsync(string image, params string[] command)
    {
        var container = await fixture.CreateAsync(new { Image = image, Cmd = command, Tty = false });
        using var waited = await fixture.Engine.PostAsync($"containers/{container}/wait", null);
        var frames = await fixture.Engine.GetByteArrayAsync($"containers/{container}/logs?stdout=1&stderr=1");
        using var removed = await fixture.Engine.DeleteAsync($"containers/{container}?force=1");
        // Each frame: stream, three zeros, four bytes of length, big endian.
        using var text = new MemoryStream();
        for (var at = 0; at + 8 <= frames.Length;)
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frames.AsSpan(at + 4));
            text.Write(frames, at + 8, length);
            at += 8 + length;
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static byte[] Tar(params (string Name, string Text)[] files)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
            }
        }

        return archive.ToArray();
    }
}
