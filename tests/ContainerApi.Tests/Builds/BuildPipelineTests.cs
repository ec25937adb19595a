using ContainerApi.Builds;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds;

public sealed class BuildPipelineTests : BuildPipelineFixture
{
    [Fact]
    public async Task A_build_reports_events_from_started_to_result()
    {
        Say(new StepStarted("1", 1, 2, "FROM x"), new StepCompleted("1", true), new StepStarted("2", 2, 2, "RUN y"),
            new StepLog("2", "stderr", "oh\n"), new StepProgress("2", "layer", "Downloading", 1, null), new BuildWarning("careful", 3),
            new StepCompleted("2", false), new ImageBuilt("sha256:early"), new ImageBuilt(Image));
        End();

        var events = await ReadAllAsync(Run(tags: [new("app", "v1")]));

        var at = _clock.GetUtcNow();
        var started = Assert.IsType<StartedEvent>(events[0]);
        Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", started.BuildId);
        Assert.Equal(("local", "buildkit", at), (started.Engine, started.Builder, started.At));
        Assert.Equal(
            [
                new StepEvent("1", 1, 2, "FROM x", StepState.Started, null, null, at),
                new StepEvent("1", 1, 2, "FROM x", StepState.Completed, true, 0, at),
                new StepEvent("2", 2, 2, "RUN y", StepState.Started, null, null, at),
                new LogEvent("2", "stderr", "oh\n"),
                new ProgressEvent("2", "layer", "Downloading", 1, null),
                new WarningEvent("careful", 3),
                new StepEvent("2", 2, 2, "RUN y", StepState.Completed, false, 0, at),
            ],
            events[1..^1]);
        var result = Assert.IsType<ResultEvent>(events[^1]);
        Assert.Equal((BuildOutcome.Succeeded, Image, (long?)0, null), (result.State, result.ImageId, result.DurationMs, result.Error));
        Assert.Equal(["app:v1"], result.Tags);
    }

    [Theory]
    [InlineData("RUN x", 3, null, "step_failed")]
    [InlineData("FROM x", null, null, "step_failed")]
    [InlineData(null, null, null, "build_failed")]
    [InlineData("RUN x", null, "feature_unsupported", "feature_unsupported")]
    [InlineData(null, null, "invalid_dockerfile", "invalid_dockerfile")]
    [InlineData(null, null, "invalid_context", "invalid_context")]
    public async Task A_failed_build_is_a_result(string? step, int? exitCode, string? kind, string code)
    {
        Say(new StepStarted("1", 1, 1, "RUN x"), new ImageBuilt(Image), new BuildFailed("No.", step, exitCode, kind is null ? null : ErrorCode.Find(kind)!));
        End();

        var events = await ReadAllAsync(Run(tags: [new("app", "v1")]));

        var result = Assert.IsType<ResultEvent>(events[^1]);
        Assert.Equal(new BuildError(code, "No.", step, exitCode), result.Error);
        Assert.Equal((BuildOutcome.Failed, null), (result.State, result.ImageId));
        Assert.Empty(result.Tags);
        Assert.Single(events.OfType<ResultEvent>());
    }

    [Fact]
    public async Task Values_of_build_arguments_are_redacted_in_step_names()
    {
        Say(new StepStarted("1", 1, 2, "RUN login s3cret-value-2 v1"), new BuildFailed("RUN login s3cret-value-2 v1: no", "RUN login s3cret-value-2 v1", 1));
        End();
        var arguments = new[] { "TOKEN=s3cret-value", "LONGER=s3cret-value-2", "VERSION=v1", "NONE" };

        var events = await ReadAllAsync(Run(arguments: arguments));

        Assert.Equal("RUN login $LONGER v1", events.OfType<StepEvent>().Single().Name);
        Assert.Equal(new BuildError("step_failed", "RUN login $LONGER v1: no", "RUN login $LONGER v1", 1), ((ResultEvent)events[^1]).Error);
    }

    [Fact]
    public async Task Durations_do_not_include_a_slow_reader()
    {
        await using var run = Run().GetAsyncEnumerator();
        Say(new StepStarted("1", 1, 1, "RUN x"));
        await NextAsync<StartedEvent>(run);
        await NextAsync<StepEvent>(run);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Say(new StepCompleted("1", false), new ImageBuilt(Image));
        End();
        await NextAsync<StepEvent>(run, step => Assert.Equal(2000, step.DurationMs));

        await NextAsync<ResultEvent>(run, result => Assert.Equal(2000, result.DurationMs));
    }

    [Fact]
    public async Task Every_15_seconds_of_silence_bring_a_heartbeat()
    {
        await using var run = Run().GetAsyncEnumerator();
        Say(new StepStarted("1", 1, 1, "RUN sleep"));
        await NextAsync<StartedEvent>(run);
        await NextAsync<StepEvent>(run);

        for (var beat = 0; beat < 3; beat++)
        {
            var next = run.MoveNextAsync().AsTask();
            await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(15));
            Assert.True(await next);
            Assert.Equal(new HeartbeatEvent(_clock.GetUtcNow()), run.Current);
        }

        Say(new StepLog("1", "stdout", "x\n"));
        await NextAsync<LogEvent>(run);
    }

    [Fact]
    public async Task A_queued_build_reads_no_context_and_has_no_timeout()
    {
        await using var host = new BuildHost(_clock, new BuildOptions { StorePath = "", MaxConcurrent = 1 });
        Say(new StepStarted("1", 1, 1, "RUN sleep"));
        var first = host.Start(_engine);
        await first.Began;
        var isRead = new TaskCompletionSource();
        var second = host.Pipeline.Start(_engine, BuildRequest.Default with { Timeout = TimeSpan.FromSeconds(10), Builder = RequestedBuilder.Classic }, (_, _, _) =>
        {
            isRead.SetResult();
            throw BuildContexts.Invalid("Read.");
        }, "", null);
        await second.Began;
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal((BuildState.Queued, 1), (second.Describe().State, second.Describe().QueuePosition));
        Assert.False(isRead.Task.IsCompleted);

        first.Stop(StopCause.Cancelled);

        await isRead.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(BuildState.Cancelled, first.Describe().State);
    }

    [Fact]
    public async Task A_queued_build_has_heartbeats()
    {
        await using var host = new BuildHost(_clock, new BuildOptions { StorePath = "", MaxConcurrent = 1 });
        var first = host.Start(_engine);
        await using var events = host.FollowAsync(host.Start(_engine), 0).GetAsyncEnumerator();
        await NextAsync<QueuedEvent>(events, queued => Assert.Equal(1, queued.Position));

        var next = events.MoveNextAsync().AsTask();
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(15));

        Assert.True(await next);
        Assert.IsType<HeartbeatEvent>(events.Current);
    }

    [Fact]
    public async Task Every_follower_reads_all_events()
    {
        const int Lines = 20_000;
        var followers = new List<Task<string>>();
        var started = new TaskCompletionSource<BuildJob>();
        await using var host = new BuildHost(TimeProvider.System);
        _engine.Build = (_, _, _) => PrintAsync();
        started.SetResult(host.Start(_engine));

        await (await started.Task).Work;

        var expected = string.Concat(Enumerable.Range(0, Lines).Select(n => $"{n}\n"));
        Assert.All(await Task.WhenAll(followers), text => Assert.Equal(expected, text));

        async IAsyncEnumerable<BuildFact> PrintAsync()
        {
            yield return new StepStarted("1", 1, 1, "RUN print");
            for (var n = 0; n < Lines; n++)
            {
                if (n % 1000 == 0)
                {
                    var run = await started.Task;
                    followers.Add(Task.Run(() => LogAsync(host, run)));
                }

                yield return new StepLog("1", "stdout", $"{n}\n");
            }

            yield return new ImageBuilt(Image);
        }
    }
}
