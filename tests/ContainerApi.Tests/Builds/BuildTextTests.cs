using ContainerApi.Api;
using ContainerApi.Builds;

namespace ContainerApi.Tests.Builds;

public sealed class BuildTextTests
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Build_is_rendered_like_plain_docker_output() => Assert.Equal(
        """
        Build 01JX waits for the engine local: number 3 in the queue
        Build 01JX on local (classic)
        context sending 5 bytes
        context sent 9/9 bytes

        #1 [1/2] FROM busybox
        #1 3ab Downloading 1/9 bytes
        #1 3ab Extracting 9 bytes
        #1 CACHED

        #2 [2/2] RUN make && test
        #2 0.123 one
        #2 0.123 two
        #2 1.500 no end
        WARNING: careful (line 3)
        WARNING: FromAsCasing: 'as' and 'FROM' (line 1) https://docs.docker.com/go/x/
        #2 DONE 2.3s

        Build succeeded in 2.4s: sha256:12 app:v1 app:v2

        """,
        new BuildText().Render(
        [
            new QueuedEvent("01JX", "local", 3),
            new StartedEvent("01JX", "local", "classic"),
            new ProgressEvent(null, "context", "sending", 5, null),
            new ProgressEvent(null, "context", "sent", 9, 9),
            Started("a", 1, "FROM busybox"),
            new ProgressEvent("a", "3ab", "Downloading", 1, 9),
            new ProgressEvent("a", "3ab", "Downloading", 5, 9),
            new ProgressEvent("a", "3ab", "Extracting", 9, null),
            new StepEvent("a", 1, 2, "FROM busybox", StepState.Completed, true, 0),
            Started("b", 2, "RUN make &&\ntest"),
            Log("b", "one\r\ntwo\n", 123),
            Log("b", "no end", 1500),
            new WarningEvent("careful", 3),
            new WarningEvent("FromAsCasing: 'as' and 'FROM' (line 1)", 1, "https://docs.docker.com/go/x/"),
            new HeartbeatEvent(),
            new StepEvent("b", 2, 2, "RUN make", StepState.Completed, false, 2345),
            new ResultEvent(StreamOutcome.Succeeded, null, "local", "sha256:12", ["app:v1", "app:v2"], 2400, null),
        ]));

    [Fact]
    public void Interleaved_steps_repeat_their_title() => Assert.Equal(
        """
        #1 [1/2] RUN a

        #2 [2/2] RUN b
        #2 0.001 b1

        #1 [1/2] RUN a
        #1 0.002 a1

        #2 [2/2] RUN b
        #2 0.003 b2
        #2 DONE 0.0s

        #1 [1/2] RUN a
        #1 DONE 0.0s

        """,
        new BuildText().Render(
        [
            Started("a", 1, "RUN a"), Started("b", 2, "RUN b"), Log("b", "b1\n", 1), Log("a", "a1\n", 2), Log("b", "b2\n", 3),
            new StepEvent("b", 2, 2, "RUN b", StepState.Completed, false, 1),
            new StepEvent("a", 1, 2, "RUN a", StepState.Completed, false, 1),
        ]));

    [Fact]
    public void Failed_build_ends_with_one_line_with_error_and_step() => Assert.Equal(
        """
        #1 [1/2] RUN make

        #2 [2/2] RUN test
        #2 CANCELED

        #1 [1/2] RUN make
        #1 ERROR: It returned 2

        Build failed after 0.9s: step_failed: It returned 2 (step RUN make, exit code 2)

        """,
        new BuildText().Render(
        [
            Started("a", 1, "RUN make"),
            Started("b", 2, "RUN test"),
            new StepEvent("a", 1, 2, "RUN make", StepState.Failed, null, 900),
            new StepEvent("b", 2, 2, "RUN test", StepState.Cancelled, null, 900),
            new ResultEvent(StreamOutcome.Failed, null, "local", null, [], 900, new BuildError("step_failed", "It returned\n2", "RUN make", 2)),
        ]));

    [Fact]
    public void Result_without_an_image_has_the_number_of_warnings() => Assert.EndsWith(
        "\n\nBuild succeeded in 0.1s: no image, 1 warning\n",
        new BuildText().Render(
            [new WarningEvent("careful", null), new ResultEvent(StreamOutcome.Succeeded, null, "local", null, [], 100, null)]),
        StringComparison.Ordinal);

    [Fact]
    public void Steps_without_number_and_output_without_step_are_rendered() => Assert.Equal(
        """
        #1 load context
        of nobody

        Build failed: engine_error: Gone.

        """,
        new BuildText().Render(
        [
            new StepEvent("x", null, null, "load context", StepState.Started, null, null), new LogEvent(null, "stdout", "of nobody\n"),
            new ResultEvent(StreamOutcome.Failed, null, "local", null, [], null, new BuildError("engine_error", "Gone.", null, null)),
        ]));

    private static StepEvent Started(string id, int number, string name) => new(id, number, 2, name, StepState.Started, null, null) { At = Begin };

    private static LogEvent Log(string step, string text, int milliseconds) => new(step, "stdout", text) { At = Begin.AddMilliseconds(milliseconds) };
}
