using ContainerApi.Engine.Docker.Builders;
using ContainerApi.Engine.Docker.Wire;
using ContainerApi.Tests.Builds;

namespace ContainerApi.Tests.Engine.Docker.Builders;

public sealed class PodmanBuilderTests
{
    private static readonly BuildSpec Podman = new() { Builder = BuilderKind.Podman };

    [Fact]
    public async Task Good_build_is_steps_logs_and_an_image()
    {
        await using var engine = await RecordedEngine.StartAsync("pm_ok.txt");

        var facts = await engine.BuildAsync(Podman);

        Assert.Equal(
            [
                new StepStarted("1", 1, 5, "FROM scratch"),
                new StepCompleted("1", false),
                new StepStarted("2", 2, 5, "COPY busybox /bin/sh"),
                new StepCompleted("2", true),
                new StepStarted("3", 3, 5, "RUN echo out; printf \"no newline\""),
                new StepLog("3", "stdout", "out\n"),
                new StepLog("3", "stdout", "no newline"),
                new StepCompleted("3", false),
                new StepStarted("4", 4, 5, "ENV A=1"),
                new StepCompleted("4", false),
                new StepStarted("5", 5, 5, "LABEL c=d"),
                new StepCompleted("5", false),
                new ImageBuilt("sha256:51e603159d07c6ef76fc0c2496ac32dfbb820e21b003031c1f36ab58d2eb9fe8"),
            ],
            facts);
    }

    [Fact]
    public async Task Cached_steps_are_reported()
    {
        await using var engine = await RecordedEngine.StartAsync("pm_cached.txt");

        var facts = await engine.BuildAsync(Podman);

        Assert.Equal([false, true, true, true, true], facts.OfType<StepCompleted>().Select(s => s.Cached));
        Assert.Empty(facts.OfType<StepLog>());
    }

    [Fact]
    public async Task Steps_of_several_stages_have_different_ids()
    {
        await using var engine = await RecordedEngine.StartAsync("pm_multistage.txt");

        var facts = await engine.BuildAsync(Podman);

        Assert.Equal(["1.1", "1.2", "2.1", "2.2", "2.3"], facts.OfType<StepStarted>().Select(s => s.Id));
        Assert.Equal(["1.1", "1.2", "2.1", "2.2", "2.3"], facts.OfType<StepCompleted>().Select(s => s.Id));
        Assert.Equal(new StepStarted("2.3", 3, 3, "RUN echo hi"), facts.OfType<StepStarted>().Last());
        Assert.Equal(new ImageBuilt("sha256:ea7494b5db8deffac4cd88c477112e7ff2b12aa9ff3d0a9c279a2243b11b49f5"), facts[^1]);
    }

    [Fact]
    public async Task Output_like_the_builders_text_stays_output_and_warnings_are_reported()
    {
        await using var engine = await RecordedEngine.StartAsync("pm_tricks.txt");

        var facts = await engine.BuildAsync(Podman);

        Assert.Equal(5, facts.OfType<StepStarted>().Count());
        Assert.Equal("STEP 1/2: FROM x\n--> x\nCOMMIT\n", string.Concat(facts.OfType<StepLog>().Where(l => l.Step == "5").Select(l => l.Text)));
        Assert.Equal(
            ["missing \"WHO\" build argument. Try adding \"--build-arg WHO=<VALUE>\" to the command line",
            "one or more build args were not consumed: [UN]"],
            facts.OfType<BuildWarning>().Select(w => w.Text));
    }

    [Fact]
    public void Output_that_looks_like_a_commit_is_kept()
    {
        var facts = Read("STEP 1/1: RUN x\n", "COMMIT\n", "more\n", "COMMIT a\n", "COMMIT b:1\n", "--> 0123456789ab\n");

        Assert.Equal("COMMIT\nmore\nCOMMIT a\n", string.Concat(facts.OfType<StepLog>().Select(l => l.Text)));
        Assert.Equal([new StepCompleted("1", false)], facts.OfType<StepCompleted>());
    }

    [Fact]
    public void Output_that_looks_like_a_commit_is_kept_before_a_failure()
    {
        var builder = new PodmanBuilder();
        _ = builder.Read(new StreamMessage { Stream = "STEP 1/1: RUN x\n" }).ToList();
        _ = builder.Read(new StreamMessage { Stream = "COMMIT\n" }).ToList();

        Assert.Equal(
            [new StepLog("1", "stdout", "COMMIT\n"), new StepFailed("1"), new BuildFailed("gone", "RUN x", null)],
            builder.Read(new StreamMessage { Error = "gone" }));
    }

    [Theory]
    [InlineData("pm_runfail.txt", "RUN echo out; exit 3", 3, "building at STEP \"RUN echo out; exit 3\": while running runtime: exit status 3", null)]
    [InlineData(
        "pm_copymissing.txt", "COPY nothing /", null,
        "building at STEP \"COPY nothing /\": checking on sources under \"(path)\": copier: stat: \"/nothing\": no such file or directory", null)]
    [InlineData("pm_unknown.txt", "FOO bar", null, "building at STEP \"FOO \": Build error: Unknown instruction: \"FOO\"", "invalid_dockerfile")]
    [InlineData("pm_nodf.txt", null, null, "stat (path): no such file or directory", "invalid_dockerfile")]
    public async Task Error_in_the_stream_names_its_step_or_the_Dockerfile(
        string capture, string? step, int? exitCode, string message, string? kind)
    {
        await using var engine = await RecordedEngine.StartAsync(capture);

        var facts = await engine.BuildAsync(Podman);

        Assert.Equal(new BuildFailed(message, step, exitCode, kind is null ? null : ErrorCode.Find(kind)!), facts[^1]);
        Assert.Single(facts.OfType<BuildFailed>());
    }

    [Theory]
    [InlineData("no FROM statement found\n", true)]
    [InlineData("no contents in \"/var/tmp/libpod_builder1/build/Dockerfile\"\n", true)]
    [InlineData("The target \"zz\" was not found in the provided Dockerfile\n", true)]
    [InlineData("creating build container: parsing reference \"Abc\": repository name must be lowercase\n", true)]
    [InlineData("COPY --from=zz: no stage or image found with that name\n", true)]
    [InlineData("building at STEP \"STOPSIGNAL FOO\": Invalid signal: FOO\n", true)]
    [InlineData("building at STEP \"ENV \": ENV requires at least one argument\n", true)]
    [InlineData("creating build container: initializing source docker://nothere:1: pinging container registry\n", false)]
    public void Dockerfile_error_outside_a_command_is_an_invalid_Dockerfile(string message, bool isDockerfile)
    {
        var error = new StreamMessage { ErrorDetail = new WireError(null, message) };
        Assert.Equal(isDockerfile ? ErrorCode.InvalidDockerfile : null, new PodmanBuilder().Read(error).OfType<BuildFailed>().Single().Code);

        var running = new PodmanBuilder();
        _ = running.Read(new StreamMessage { Stream = "STEP 1/1: RUN x\n" }).ToList();
        Assert.Null(running.Read(error).OfType<BuildFailed>().Single().Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"stream\":\"STEP 1/1: FROM x\\n\"}")]
    public async Task Stream_that_ends_without_an_image_is_a_failure(string body)
    {
        await using var engine = await RecordedEngine.StartAsync(HttpStatusCode.OK, body);

        Assert.IsType<BuildFailed>((await engine.BuildAsync(Podman))[^1]);
    }

    private static List<BuildFact> Read(params string[] texts)
    {
        var builder = new PodmanBuilder();
        return [.. texts.SelectMany(text => builder.Read(new StreamMessage { Stream = text }))];
    }
}
