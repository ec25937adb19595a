using ContainerApi.Engine.Docker.Builders.BuildKit;
using ContainerApi.Engine.Docker.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace ContainerApi.Tests.Engine.Docker.Builders;

public sealed class BuildKitTraceTests
{
    private static readonly DateTime Noon = new(2026, 11, 25, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Good_build_is_steps_logs_progress_and_an_image()
    {
        var facts = ReadCapture("bk_ok.txt");

        var steps = facts.OfType<StepStarted>().ToList();
        Assert.Equal(
            [
                (null, null, "[internal] load remote build context"),
                (null, null, "copy /context /"),
                (null, null, "[internal] load metadata for docker.io/library/busybox:latest"),
                (1, 3, "FROM docker.io/library/busybox"),
                (2, 3, "RUN echo hello me; echo err >&2; for i in 1 2 3; do echo line $i; sleep 0.3; done"),
                (3, 3, "COPY f.txt /f.txt"),
                (null, null, "exporting to image"),
            ],
            steps.Select(s => (s.Number, s.Total, s.Name)));
        Assert.Equal(steps.Select(s => s.Id), facts.OfType<StepCompleted>().Select(s => s.Id));
        Assert.All(facts.OfType<StepCompleted>(), s => Assert.False(s.Cached));
        var run = steps[4].Id;
        Assert.Equal(
            [new StepLog(run, "stderr", "err\n"), new StepLog(run, "stdout", "hello me\nline 1\n"),
            new StepLog(run, "stdout", "line 2\n"), new StepLog(run, "stdout", "line 3\n")],
            facts.OfType<StepLog>());
        Assert.InRange(facts.OfType<StepCompleted>().Single(s => s.Id == run).Took!.Value.TotalMilliseconds, 1200, 1300);
        Assert.Equal(
            ["exporting layers started", "exporting layers done", "naming to docker.io/library/h3-bk1:latest done"],
            facts.OfType<StepProgress>().Where(p => !p.Id.StartsWith("writing", StringComparison.Ordinal))
            .Select(p => $"{p.Id} {p.Status}").Where(t => !t.EndsWith("latest started", StringComparison.Ordinal)));
        Assert.Equal(new ImageBuilt("sha256:b9b16b63aa518afcdc754f4744bb129922271d4aa76f4753c04b6958f6e9c30a"), facts[^1]);
    }

    [Fact]
    public void Base_image_that_is_fetched_is_one_step_with_its_layers()
    {
        var facts = ReadCapture("bk_pullprogress.txt");

        var from = facts.OfType<StepStarted>().Single(s => s.Number == 1);
        var completed = facts.FindIndex(f => f is StepCompleted c && c.Id == from.Id);
        Assert.True(completed > facts.FindLastIndex(f => f is StepProgress p && p.Step == from.Id), "the step ended before its layers were there");
        Assert.InRange(((StepCompleted)facts[completed]).Took!.Value.TotalMilliseconds, 900, 950);
        Assert.Equal(
            [
                ("downloading", 0, 3001122), ("downloading", 1048576, 3001122), ("downloading", 2097152, 3001122), ("done", 3001122, 3001122),
            ],
            facts.OfType<StepProgress>().Where(
                p => p.Id.StartsWith("sha256:6692", StringComparison.Ordinal)).Select(p => (p.Status, p.Current, p.Total)));
        Assert.Equal(
            [("extract", null)],
            facts.OfType<StepProgress>().Where(p => p.Id.StartsWith("extracting", StringComparison.Ordinal)).Select(p => (p.Status, p.Current)));
    }

    [Theory]
    [InlineData("bk_ok.txt", 7, 0, 4, null)]
    [InlineData("bk_cached.txt", 7, 4, 0, null)]
    [InlineData("bk_cachemount.txt", 6, 1, 1, null)]
    [InlineData("bk_pullprogress.txt", 6, 0, 1, null)]
    [InlineData(
        "bk_runfail.txt", 4, 1, 2,
        "executor failed running [/bin/sh -c echo out; echo bad >&2; exit 3]: exit code: 3|RUN echo out; echo bad >&2; exit 3|3|")]
    [InlineData("bk_copymissing.txt", 4, 1, 0, "failed to compute cache key: \"/nope\" not found: not found|COPY nope /x||")]
    [InlineData("bk_cancel_v2.txt", 4, 3, 1, "context canceled|RUN echo started; sleep 97217||")]
    [InlineData("bk_secret_req.txt", 4, 1, 0, "no active sessions|RUN --mount=type=secret,id=s1,required cat /run/secrets/s1||")]
    [InlineData(
        "bk_bearer_nosession.txt", 2, 0, 0,
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: no active sessions|[internal] load metadata for "
        + "127.0.0.1:5961/h3/busy:1||")]
    [InlineData(
        "bk_nodockerfile.txt", 2, 0, 0,
        "failed to solve with frontend dockerfile.v0: failed to read dockerfile: open (path): no such file or directory|||invalid_dockerfile")]
    [InlineData(
        "bk_syntaxerr.txt", 2, 0, 0,
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: "
        + "FOO|||invalid_dockerfile")]
    [InlineData(
        "bk_trunc.txt", 1, 0, 0,
        "failed to solve with frontend dockerfile.v0: failed to read dockerfile: Error processing tar file(exit status 1): unexpected "
        + "EOF|||invalid_context")]
    public void Every_recorded_build_yields_its_facts(string capture, int completed, int cached, int logs, string? failure)
    {
        var facts = ReadCapture(capture);

        Assert.Equal(
            (completed, cached, logs),
            (facts.OfType<StepCompleted>().Count(), facts.OfType<StepCompleted>().Count(s => s.Cached), facts.OfType<StepLog>().Count()));
        Assert.Equal(facts.OfType<StepStarted>().Select(s => s.Id).Distinct(), facts.OfType<StepStarted>().Select(s => s.Id));
        Assert.Equal(facts.OfType<StepCompleted>().Select(s => s.Id).Distinct(), facts.OfType<StepCompleted>().Select(s => s.Id));
        Assert.Single(facts, f => f is ImageBuilt or BuildFailed);
        Assert.Equal(failure, facts[^1] is BuildFailed f ? $"{f.Message}|{f.StepName}|{f.ExitCode}|{f.Code}" : null);
    }

    [Fact]
    public void Text_that_is_cut_anywhere_is_put_together()
    {
        const string Text = "één\n日本\r\n🐋 whale";
        var bytes = Encoding.UTF8.GetBytes(Text);
        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second++)
            {
                var facts = Read(
                    Log("a", 1, bytes[..first]), Log("a", 2, [0xE6]), Log("b", 1, [0xF0, 0x9F]), Log("a", 1, bytes[first..second]),
                    Log("b", 1, [0x90, 0x8B, 10]), Log("a", 2, [0x97, 0xA5, 10]), Log("a", 1, bytes[second..]), Image).OfType<StepLog>().ToList();

                Assert.Equal(Text, string.Concat(facts.Where(l => l is { Step: "a", Stream: "stdout" }).Select(l => l.Text)));
                Assert.All(
                    facts.Where(l => l is { Step: "a", Stream: "stdout" }).SkipLast(1), l => Assert.EndsWith("\n", l.Text, StringComparison.Ordinal));
                Assert.Equal(
                    [new StepLog("b", "stdout", "🐋\n"), new StepLog("a", "stderr", "日\n")],
                    facts.Where(l => l is not { Step: "a", Stream: "stdout" }));
            }
        }
    }

    [Fact]
    public void Step_that_goes_on_after_its_end_ends_once()
    {
        var facts = Read(
            Trace(Step("a", "[build 1/2] FROM x", 0)), Trace(Step("a", "[build 1/2] FROM x", 0, 10)),
            Trace(Step("a", "[build 1/2] FROM x", 20)), Trace(Step("a", "[build 1/2] FROM x", 20, 50)),
            Trace(Step("b", "[linux/amd64 build 2/2] RUN y", 60, 70)), Trace(Step("a", "[build 1/2] FROM x", 20, 50)), Image);

        Assert.Equal(
            [
                new StepStarted("a", 1, 2, "FROM x"), new StepStarted("b", 2, 2, "RUN y"),
                new StepCompleted("a", false, TimeSpan.FromMilliseconds(50)), new StepCompleted("b", false, TimeSpan.FromMilliseconds(10)),
                new ImageBuilt("sha256:1"),
            ],
            facts);
    }

    [Fact]
    public void The_end_of_a_step_comes_after_what_it_printed()
    {
        var facts = Read(
            Trace(Step("a", "[1/1] RUN x", 0)), Trace(Step("a", "[1/1] RUN x", 0, 10)),
            Log("a", 1, "late"u8.ToArray()), Trace(Step("b", "exporting to image", 11)), Image);

        Assert.True(
            facts.IndexOf(new StepLog("a", "stdout", "late")) is var log and > 0 && log < facts.FindIndex(f => f is StepCompleted { Id: "a" }));
    }

    [Fact]
    public void Recovered_error_and_a_cancelled_step_do_not_fail_the_build()
    {
        var failed = Step("b", "[2/3] RUN bad", 0, 9);
        failed.Error = "exit code: 4";
        var stopped = Step("a", "[1/3] RUN other", 0, 9);
        stopped.Error = "context canceled";

        Assert.IsType<ImageBuilt>(Read(Trace(failed), Trace(Step("b", "[2/3] RUN bad", 0, 10)), Image)[^1]);
        Assert.Equal(
            new BuildFailed("process did not complete: exit code: 4", "RUN bad", 4),
            Read(Trace(stopped, failed), new StreamMessage { Error = "process did not complete: exit code: 4" })[^1]);
    }

    [Theory]
    [InlineData("ENV must have two arguments", null, "invalid_dockerfile")]
    [InlineData("failed to parse stage name \"X\": invalid reference format", null, "invalid_dockerfile")]
    [InlineData("no such host", "[internal] load metadata for x", null)]
    public void Frontend_error_without_a_failed_step_is_an_invalid_Dockerfile(string reason, string? step, object? kind)
    {
        var metadata = Step("a", step ?? "[internal] load metadata for x", 0, 9);
        metadata.Error = step is null ? "" : reason;

        var failed = (BuildFailed)Read(
            Trace(metadata),
            new StreamMessage { Error = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: " + reason })[^1];

        Assert.Equal((step, ErrorCode.Find((string?)kind)), (failed.StepName, failed.Code));
    }

    [Theory]
    [InlineData("ENV must have two arguments", "invalid_dockerfile")]
    [InlineData("failed to solve: failed to parse stage name \"X\": invalid reference format", "invalid_dockerfile")]
    [InlineData("invalid containerPort: nope", "invalid_dockerfile")]
    [InlineData("no active session for x", null)]
    public void Errors_of_newer_engines_without_the_frontends_name_are_recognized(string message, object? kind) =>
        Assert.Equal(
            ErrorCode.Find((string?)kind),
            Assert.IsType<BuildFailed>(
                Read(Trace(Step("a", "[internal] load metadata for x", 0, 9)), new StreamMessage { Error = message })[^1]).Code);

    [Fact]
    public void Warning_names_its_line()
    {
        var status = new StatusResponse();
        var range = new ContainerApi.Engine.Docker.Builders.BuildKit.Range { Start = new Position { Line = 7 } };
        var recommended = ByteString.CopyFromUtf8("JSONArgsRecommended: …");
        status.Warnings.Add(new VertexWarning { Short = recommended, Ranges = { range }, Url = "https://x/" });
        status.Warnings.Add(new VertexWarning { Short = ByteString.CopyFromUtf8("somewhere") });

        Assert.Equal(
            [new BuildWarning("JSONArgsRecommended: …", 7, "https://x/"), new BuildWarning("somewhere", null)], Read(Message(status), Image)[..2]);
    }

    [Fact]
    public void Solve_without_an_image_is_a_failure() =>
        Assert.Null(Assert.IsType<BuildFailed>(Assert.Single(new BuildKitTrace().End(image: null))).Code);

    [Theory]
    [InlineData(1, 0, -62135596801)] // before the year 1
    [InlineData(1, 0, 253402300800)] // the year 10000
    [InlineData(10_001, 0, 0)]
    [InlineData(1, 17 * 1024 * 1024, 0)]
    public void Time_out_of_range_and_too_many_steps_are_an_invalid_trace(int steps, int name, long seconds)
    {
        var trace = Trace([.. Enumerable.Range(0, steps).Select(n => Step($"{n}", new string('n', name), 0))]);
        var last = Step("last", "", 0);
        last.Started.Seconds = seconds;

        var failed = Assert.IsType<BuildFailed>(Read(trace, Trace(last), Image)[^1]);

        Assert.Equal((ErrorCode.EngineError, "The engine's trace of the build is invalid."), (failed.Code, failed.Message));
    }

    private static StreamMessage Image => JsonSerializer.Deserialize(
        """{"id":"moby.image.id","aux":{"ID":"sha256:1"}}""", StreamWire.Default.StreamMessage)!;

    private static Vertex Step(string id, string name, int started, int? completed = null) => new()
    {
        Digest = id,
        Name = name,
        Started = Timestamp.FromDateTime(Noon.AddMilliseconds(started)),
        Completed = completed is { } end ? Timestamp.FromDateTime(Noon.AddMilliseconds(end)) : null,
    };

    private static StreamMessage Trace(params Vertex[] steps) => Message(new StatusResponse { Vertexes = { steps } });

    private static StreamMessage Log(string step, int stream, byte[] text) =>
        Message(new StatusResponse { Logs = { new VertexLog { Vertex = step, Stream = stream, Msg = ByteString.CopyFrom(text) } } });

    private static StreamMessage Message(StatusResponse status) =>
        new() { Id = "moby.buildkit.trace", Aux = JsonSerializer.SerializeToElement(status.ToByteString().ToBase64()) };

    private static List<BuildFact> ReadCapture(string capture) =>
        Read([.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Captures", capture)).Where(line => line.StartsWith('{'))
            .Select(line => JsonSerializer.Deserialize(line, StreamWire.Default.StreamMessage)!)]);

    /// <summary>Reads messages of the engine's stream of version 2, which contains BuildKit's own.</summary>
    private static List<BuildFact> Read(params StreamMessage[] messages) => RecordedTrace.Read(messages);
}
