using ContainerApi.Builds;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds;

public sealed class BuildPipelineFailureTests : BuildPipelineFixture
{
    [Fact]
    public async Task A_timeout_stops_the_engine_and_is_the_result()
    {
        await using var run = Run(timeout: TimeSpan.FromSeconds(10)).GetAsyncEnumerator();
        Say(new StepStarted("1", 1, 1, "RUN sleep"));
        await NextAsync<StartedEvent>(run);
        await NextAsync<StepEvent>(run);

        _clock.Advance(TimeSpan.FromSeconds(10));

        await _stopped.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await NextAsync<ResultEvent>(run, result => Assert.Equal(
            new BuildError("timeout", "The build took longer than 10 seconds and was stopped.", "RUN sleep", null), result.Error));
        Assert.False(await run.MoveNextAsync());
    }

    [Fact]
    public async Task A_timeout_stops_the_engine_without_a_reader()
    {
        await using var run = Run(timeout: TimeSpan.FromSeconds(10)).GetAsyncEnumerator();
        Say([.. Enumerable.Range(0, 1000).Select(i => new StepLog(null, "stdout", $"{i}\n"))]);
        await NextAsync<StartedEvent>(run);

        _clock.Advance(TimeSpan.FromSeconds(10));

        await _stopped.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_timeout_before_the_first_event_fails_the_request()
    {
        var run = ReadAllAsync(Run(timeout: TimeSpan.FromSeconds(10)));

        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(ErrorCode.EngineTimeout, (await Assert.ThrowsAsync<EngineException>(() => run)).Code);
    }

    [Fact]
    public async Task A_shutdown_of_the_service_cancels_the_build()
    {
        await using var run = Run().GetAsyncEnumerator();
        Say(new StepStarted("1", 1, 1, "RUN sleep"));
        await NextAsync<StartedEvent>(run);
        await NextAsync<StepEvent>(run);

        _host.Lifetime.StopApplication();

        await _stopped.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await NextAsync<ResultEvent>(run, result => Assert.Equal("cancelled", result.Error!.Code));
    }

    [Fact]
    public async Task A_disconnected_client_stops_the_engine()
    {
        using var client = new CancellationTokenSource();
        await using var run = Run(cancellationToken: client.Token).GetAsyncEnumerator(CancellationToken.None);
        Say(new StepStarted("1", 1, 1, "RUN sleep"));
        await NextAsync<StartedEvent>(run);
        await NextAsync<StepEvent>(run);
        var next = run.MoveNextAsync().AsTask();

        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await _stopped.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_reader_that_stops_reading_stops_the_engine()
    {
        var run = Run().GetAsyncEnumerator();
        Say(new StepStarted("1", 1, 1, "RUN sleep"));
        await NextAsync<StartedEvent>(run);

        await run.DisposeAsync();

        await _stopped.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_refusal_of_the_engine_fails_the_request()
    {
        Break(new EngineException(ErrorCode.InvalidDockerfile, "local", "dockerfile parse error line 2"));

        var refused = await Assert.ThrowsAsync<EngineException>(() => ReadAllAsync(Run()));

        Assert.Equal(ErrorCode.InvalidDockerfile, refused.Code);
    }

    [Fact]
    public async Task An_engine_error_after_the_start_is_in_the_result()
    {
        Say(new StepStarted("1", 1, 1, "RUN x"));
        Break(new EngineException(ErrorCode.EngineUnavailable, "local", "The connection broke."));

        var events = await ReadAllAsync(Run());

        Assert.Equal(new BuildError("engine_unavailable", "The connection broke.", "RUN x", null), ((ResultEvent)events[^1]).Error);
    }

    [Fact]
    public async Task A_failed_context_is_the_error_instead_of_the_engines_error()
    {
        _engine.Build = (_, context, token) => ReadContext(context, new EngineException(ErrorCode.EngineUnavailable, "local", "The connection broke."), token);

        var refused = await Assert.ThrowsAsync<ApiException>(() => ReadAllAsync(Run(context: async (archive, _, token) =>
        {
            await archive.WriteAsync(new byte[1000], token);
            throw BuildContexts.Invalid("Cut short.");
        })));

        Assert.Equal((ErrorCode.InvalidContext, "Cut short."), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task A_failed_context_fails_the_engines_stream()
    {
        Exception? seen = null;
        _engine.Build = (_, context, token) => Watch(context, e => seen = e, token);

        await Assert.ThrowsAsync<ApiException>(() => ReadAllAsync(Run(context: (_, _, _) => throw BuildContexts.Invalid("Empty."))));

        Assert.IsType<ApiException>(seen);
    }

    [Fact]
    public async Task An_engine_that_fails_early_stops_the_context()
    {
        var contextStopped = new TaskCompletionSource();
        Break(new EngineException(ErrorCode.InvalidRequest, "local", "No."));

        await Assert.ThrowsAsync<EngineException>(() => ReadAllAsync(Run(context: async (archive, _, token) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                contextStopped.SetResult();
            }
        })));

        Assert.True(contextStopped.Task.IsCompleted);
    }

    [Fact]
    public async Task A_build_without_its_image_on_the_engine_fails()
    {
        _engine.InspectImage = (_, _) => throw new EngineException(ErrorCode.ImageNotFound, "local", "No such image.");
        Say(new StepStarted("1", 1, 1, "FROM x"), new StepCompleted("1", false), new ImageBuilt(Image));
        End();

        var result = Assert.IsType<ResultEvent>((await ReadAllAsync(Run()))[^1]);

        Assert.Equal("engine_error", result.Error!.Code);
    }

    [Fact]
    public async Task A_build_without_output_fails()
    {
        End();

        var result = Assert.IsType<ResultEvent>(Assert.Single(await ReadAllAsync(Run())));

        Assert.Equal("engine_error", result.Error!.Code);
    }
}
