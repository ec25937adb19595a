using System.Diagnostics;
using static ContainerApi.EngineTests.Archive;

namespace ContainerApi.EngineTests;

/// <summary>Builds through the service with both builders; the engine's API gives the expected values.</summary>
[Collection(EngineCollection.Name)]
public sealed class BuildTests(EngineFixture fixture) : BuildCalls(fixture)
{
    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Archive_builds_an_image_as_its_Dockerfile_says(string builder)
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

        var lines = await BuildAsync(
            $"tag={tag}&tag={tag}-too&buildArg=GREETING=hi%20you&label=extra=1&{With(builder)}",
            Tar(("Dockerfile", dockerfile), ("hello.txt", "hello")));

        var result = Succeeded(lines);
        Assert.Equal([tag, tag + "-too"], result["tags"]!.AsArray().Select(t => t!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Equal(("started", builder), (Text(lines[0], "type"), Text(lines[0], "builder")));
        Assert.Single(lines, l => Is(l, "step") && Text(l, "state") == "completed" && Text(l, "name") == "COPY hello.txt /data/hello.txt");
        var image = await InspectAsync(tag);
        Assert.Equal(Text(result, "imageId"), Text(image, "Id"));
        Assert.Equal(Text(image, "Id"), (await InspectAsync(tag + "-too"))["Id"]!.GetValue<string>());
        Assert.Contains("GREETING=hi you", Texts(image["Config"]!["Env"]));
        Assert.Equal(["/data/hello.txt"], Texts(image["Config"]!["Cmd"]));
        Assert.Equal(("yes", "1"), (Label(image, "own"), Label(image, "extra")));
        var history = await Fixture.Engine.GetStringAsync($"images/{tag}/history");
        Assert.Contains("COPY ", history, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Output_of_a_step_is_split_by_stream_and_no_container_remains(string builder)
    {
        var tag = Tag();

        var lines = await BuildAsync(
            $"tag={tag}&{With(builder)}",
            Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo out; echo err >&2; printf unended\nRUN echo kept > /tmp/kept\n")));

        Succeeded(lines);
        Assert.Equal("out\nunended", Log(lines, "stdout"));
        Assert.Equal("err\n", Log(lines, "stderr"));
        Assert.Empty(await ContainersWithAsync("printf unended"));
        Assert.Equal("kept\n", await RunAsync(tag, "cat", "/tmp/kept"));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Second_build_uses_the_cache(string builder)
    {
        var context = Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo {Guid.NewGuid()}\n"));
        Succeeded(await BuildAsync($"tag={Tag()}&{With(builder)}", context));

        var again = await BuildAsync($"tag={Tag()}&{With(builder)}", context);
        var anew = await BuildAsync($"tag={Tag()}&noCache=true&{With(builder)}", context);

        Assert.True(CachedRun(again));
        Assert.False(CachedRun(anew));

        static bool CachedRun(List<JsonObject> lines) => lines.Single(l =>
            Is(l, "step") && l["number"]?.GetValue<int>() == 2 && Text(l, "state") == "completed")["cached"]!.GetValue<bool>();
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Failing_step_has_its_exit_code_and_leaves_no_image(string builder)
    {
        var tag = Tag();
        var command = $"echo {Guid.NewGuid():n}; exit 7";

        var lines = await BuildAsync($"tag={tag}&{With(builder)}", Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN {command}\n")));

        var result = lines[^1];
        Assert.Equal("failed", Text(result, "state"));
        Assert.Equal("step_failed", Text(result["error"]!, "code"));
        Assert.Equal(7, result["error"]!["exitCode"]!.GetValue<int>());
        Assert.Equal("RUN " + command, Text(result["error"]!, "step"));
        Assert.Null(result["imageId"]);
        Assert.Single(lines, l => Is(l, "result"));
        await AssertNoImageAsync(tag);
        Assert.Empty(await ContainersWithAsync(command));
        Assert.Empty(ProcessesWith(command));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task The_stream_begins_before_the_build_ends(string builder)
    {
        using var response = await SendAsync(
            $"tag={Tag()}&{With(builder)}", Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN echo first; sleep 2; echo last\n")));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var watch = Stopwatch.StartNew();

        await UntilAsync(reader, "started");
        Assert.Equal("first\n", Text(await UntilAsync(reader, "log"), "text"));
        var firstText = watch.Elapsed;
        await UntilAsync(reader, "result");

        Assert.True(watch.Elapsed - firstText > TimeSpan.FromSeconds(1), $"the text came {firstText} into the stream, the result at {watch.Elapsed}");
        Assert.Null(await reader.ReadLineAsync());
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Target_stage_and_Dockerfile_path_are_used(string builder)
    {
        var tag = Tag();
        var dockerfile =
            $"FROM {Fixture.Image} AS base\nRUN echo made > /tmp/made\nFROM scratch AS wanted\n"
            + "COPY --from=base /tmp/made /made\nLABEL stage=wanted\nFROM scratch AS last\nCOPY missing /\n";

        Succeeded(await BuildAsync($"tag={tag}&dockerfile=dir/My.Dockerfile&target=wanted&{With(builder)}", Tar(("dir/My.Dockerfile", dockerfile))));

        Assert.Equal("wanted", Label(await InspectAsync(tag), "stage"));
    }

    [Fact]
    public async Task The_directory_of_the_tutorial_is_built_by_its_path()
    {
        var tag = Tag() + "-v1.0";
        Write("shiyanloutest/Dockerfile", $"FROM {Fixture.Image}\nENV HOSTNAME=shiyanlou\n");

        Succeeded(await Fixture.StreamAsync("/images/build", new { path = "shiyanloutest", tag, label = $"{EngineFixture.Label}={Fixture.Run}" }));

        Assert.Contains("HOSTNAME=shiyanlou", Texts((await InspectAsync(tag))["Config"]!["Env"]));
    }

    [Fact]
    public async Task Directory_context_keeps_modes_links_and_empty_directories()
    {
        var tag = Tag();
        var longName = string.Join('/', Enumerable.Repeat(new string('n', 60), 4)) + "/ünï-🐋.txt";
        Write("full/Dockerfile", $"FROM {Fixture.Image}\nCOPY . /ctx\n");
        Write("full/.dockerignore", "# nothing secret\n*.secret\nnode_modules\n!node_modules/keep\n");
        Write("full/a.secret", "s");
        Write("full/run.sh", "#!/bin/sh\n");
        Write("full/node_modules/drop", "d");
        Write("full/node_modules/keep", "k");
        Write("full/" + longName, "long");
        Directory.CreateDirectory(Path.Combine(Fixture.ContextRoot, "full/empty"));
        File.CreateSymbolicLink(Path.Combine(Fixture.ContextRoot, "full/link"), "/etc/hostname");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(Fixture.ContextRoot, "full/run.sh"), (UnixFileMode)0x1E8);
        }

        Succeeded(await Fixture.StreamAsync("/images/build", new { path = "full", tag, label = $"{EngineFixture.Label}={Fixture.Run}" }));

        var listing = await RunAsync(tag, "ls", "-lnA", "/ctx");
        Assert.Matches(@"-rwxr-x---\s+1 0\s+0\s+10 .* run\.sh", listing);
        Assert.Matches(@"l\S+\s+1 0\s+0\s+13 .* link -> /etc/hostname", listing);
        Assert.Matches(@"d\S+\s+2 0\s+0\s+\d+ .* empty", listing);
        Assert.DoesNotContain("a.secret", listing, StringComparison.Ordinal);
        Assert.Equal("keep\n", await RunAsync(tag, "ls", "/ctx/node_modules"));
        Assert.Equal("long", await RunAsync(tag, "cat", "/ctx/" + longName));
    }

    [Fact]
    public async Task Create_image_builds_a_directory_and_commits_a_container()
    {
        var name = Fixture.UniqueName("shiyanlouredis");
        var (built, committed) = (Tag(), Tag());
        Write(name + "-dir/Dockerfile", $"FROM {Fixture.Image}\nLABEL {EngineFixture.Label}={Fixture.Run} made=built\n");
        var container = await Fixture.CreateAsync(new { Cmd = new[] { "sh", "-c", "echo changed > /tmp/changed; echo ready; sleep 1000" } }, name);
        await UntilRunsAsync(container);

        var fromDirectory = Succeeded(await Fixture.StreamAsync("/images", new { source = name + "-dir", tag = built }));
        var fromContainer = Succeeded(await Fixture.StreamAsync("/images", new { source = name, tag = committed }));

        Assert.Equal("built", Label(await InspectAsync(built), "made"));
        Assert.Equal(Text(fromDirectory, "imageId"), (await InspectAsync(built))["Id"]!.GetValue<string>());
        Assert.Equal(Text(fromContainer, "imageId"), (await InspectAsync(committed))["Id"]!.GetValue<string>());
        Assert.Equal("changed\n", await RunAsync(committed, "cat", "/tmp/changed"));
    }

    [Fact]
    public async Task BuildKit_is_the_default_builder()
    {
        var lines = await BuildAsync(Labels, Tar(("Dockerfile", "FROM scratch\nLABEL a=b\n")));

        Succeeded(lines);
        Assert.Equal("buildkit", Text(lines[0], "builder"));
    }

    [Fact]
    public async Task BuildKit_output_joins_a_character_printed_in_two_parts()
    {
        var lines = await BuildAsync(
            $"noCache=true&{With("buildkit")}", Tar(("Dockerfile", $"FROM {Fixture.Image}\nRUN printf '\\346'; sleep 1; printf '\\227\\245\\n'\n")));

        Succeeded(lines);
        Assert.Equal("\u65e5\n", Log(lines, "stdout"));
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Steps_run_without_network_and_with_extra_hosts(string builder)
    {
        var lines = await BuildAsync(
            $"network=none&extraHost=h:10.9.8.7&noCache=true&{With(builder)}", Tar(
                ("Dockerfile", $"FROM {Fixture.Image}\nRUN cat /etc/hosts; ls /sys/class/net\n")));

        Succeeded(lines);
        Assert.Matches(@"10\.9\.8\.7\s+h\n", Log(lines, "stdout"));
        Assert.DoesNotContain("eth0", Log(lines, "stdout"), StringComparison.Ordinal);
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(Fixture.ContextRoot, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static string Log(List<JsonObject> lines, string stream) =>
        string.Concat(lines.Where(l => Is(l, "log") && Text(l, "stream") == stream).Select(l => Text(l, "text")));

    private static string? Label(JsonObject image, string name) => image["Config"]!["Labels"]![name]?.GetValue<string>();

    private Task UntilRunsAsync(string container) =>
        EngineFixture.UntilAsync(
            async () => (await Fixture.Engine.GetStringAsync($"containers/{container}/logs?stdout=1")).Contains("ready", StringComparison.Ordinal));

    /// <summary>Runs a command in an image and returns its output.</summary>
    private async Task<string> RunAsync(string image, params string[] command)
    {
        var container = await Fixture.CreateAsync(new { Image = image, Cmd = command, Tty = false });
        using var waited = await Fixture.Engine.PostAsync($"containers/{container}/wait", null);
        var frames = await Fixture.Engine.GetByteArrayAsync($"containers/{container}/logs?stdout=1&stderr=1");
        using var removed = await Fixture.Engine.DeleteAsync($"containers/{container}?force=1");
        // Frame header: stream, three zeros, four bytes of length, big endian.
        using var text = new MemoryStream();
        for (var at = 0; at + 8 <= frames.Length;)
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frames.AsSpan(at + 4));
            text.Write(frames, at + 8, length);
            at += 8 + length;
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }
}
