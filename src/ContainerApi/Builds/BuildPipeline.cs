using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ContainerApi.Builds.Context;
using ContainerApi.Engine;
using ContainerApi.Http;

namespace ContainerApi.Builds;

/// <summary>
/// Runs one build as one stream: (1) the context flows to the engine, (2) what the engine says becomes events, (3) silence
/// is filled with heartbeats, (4) exactly one result ends it. Leaving the stream, its token, the timeout and the service's
/// shutdown each stop the work on the engine, also while nobody reads.
/// </summary>
internal sealed partial class BuildPipeline(
    BuildOptions options, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<BuildPipeline> logger)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>How many events may wait for a client that reads slowly; beyond that the engine waits.</summary>
    private const int MostWaitingEvents = 64;

    private static readonly PipeOptions ContextPipe = new(
        pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, minimumSegmentSize: 64 * 1024, useSynchronizationContext: false);

    /// <summary>
    /// Builds. The first event comes with the engine's first answer; a failure before it is an exception, with the status
    /// that belongs to it, one after it is in the result.
    /// </summary>
    /// <exception cref="RequestException">The context cannot be used.</exception>
    /// <exception cref="EngineException">The engine refuses the build, or failed before it began.</exception>
    public async IAsyncEnumerable<BuildEvent> RunAsync(
        IEngine engine, BuildParameters parameters, BuildContext context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var limit = parameters.Timeout ?? options.Timeout;
        using var timeout = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token, lifetime.ApplicationStopping);
        var events = Channel.CreateBounded<BuildEvent>(new BoundedChannelOptions(MostWaitingEvents) { SingleReader = true, SingleWriter = true });
        var buildId = BuildId.New(time.GetUtcNow());
        var projection = new BuildProjection(new StartedEvent(buildId, engine.Name, BuilderChoice.NameOf(parameters.Spec.Builder), time.GetUtcNow()), time);
        string? outcome = null;
        var work = WorkAsync(engine, parameters.Spec, context, projection, events.Writer, stop.Token);
        try
        {
            await WaitForFirstAsync(events.Reader, engine, limit, timeout.Token, cancellationToken);
            outcome = "client_left";
            Log.Started(logger, buildId, engine.Name);
            BuildError? error = null;
            for (var more = true; more;)
            {
                while (events.Reader.TryRead(out var told))
                {
                    yield return told;
                }

                var next = events.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
                while (!await EndsWithinAsync(next, Silence, time, cancellationToken))
                {
                    yield return new HeartbeatEvent(time.GetUtcNow());
                }

                (more, error) = await OutcomeAsync(next, limit, timeout.Token, cancellationToken);
            }

            error = error is null
                ? ErrorOf(projection.Failure) ?? await FindImageAsync(engine, projection.ImageId, cancellationToken)
                : error with { Step = projection.StepName };
            var took = (long)time.GetElapsedTime(began).TotalMilliseconds;
            outcome = error?.Code ?? "succeeded";
            yield return error is null
                ? new ResultEvent(BuildState.Succeeded, projection.ImageId, parameters.Spec.Tags, took, null)
                : new ResultEvent(BuildState.Failed, null, [], took, error);
        }
        finally
        {
            await stop.CancelAsync();
            await work;
            // One that never began is told by the problem that it became.
            if (outcome is not null)
            {
                Log.Ended(logger, buildId, engine.Name, outcome, (long)time.GetElapsedTime(began).TotalMilliseconds);
            }
        }
    }

    /// <summary>Lets the engine build and puts what it says into <paramref name="events"/>; ends the channel with what went wrong. Never throws.</summary>
    private static async Task WorkAsync(
        IEngine engine, BuildSpec spec, BuildContext context, BuildProjection projection, ChannelWriter<BuildEvent> events, CancellationToken cancellationToken)
    {
        var pipe = new Pipe(ContextPipe);
        using var engineLeft = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // A directory is read synchronously, on a thread of its own.
        var filling = Task.Run(() => FillAsync(context, pipe.Writer, engineLeft.Token), CancellationToken.None);
        Exception? failure = null;
        try
        {
            await foreach (var fact in engine.BuildAsync(spec, pipe.Reader.AsStream(), cancellationToken))
            {
                foreach (var told in projection.Read(fact))
                {
                    await events.WriteAsync(told, cancellationToken);
                }
            }
        }
        catch (Exception e)
        {
            failure = e;
        }

        // Once we stop it, whatever it ends with is our doing.
        var stopped = failure is not null && cancellationToken.IsCancellationRequested;
        await engineLeft.CancelAsync();
        // A context that breaks off makes the engine's call fail, too: the context is the reason.
        var contextFailure = await filling;
        await pipe.Reader.CompleteAsync();
        events.Complete(stopped ? new OperationCanceledException(cancellationToken) : contextFailure ?? failure);
    }

    /// <summary>Writes the context; returns why it could not be written, or null. An engine that reads no further is no reason.</summary>
    private static async Task<Exception?> FillAsync(BuildContext context, PipeWriter archive, CancellationToken cancellationToken)
    {
        try
        {
            await context(archive, cancellationToken);
            await archive.CompleteAsync();
            return null;
        }
        catch (Exception e)
        {
            // With an exception, so that what there is of the archive is not taken for all of it.
            await archive.CompleteAsync(e);
            return e is OperationCanceledException ? null : e;
        }
    }

    private static async Task WaitForFirstAsync(
        ChannelReader<BuildEvent> events, IEngine engine, TimeSpan limit, CancellationToken timeout, CancellationToken cancellationToken)
    {
        try
        {
            await events.WaitToReadAsync(CancellationToken.None);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw timeout.IsCancellationRequested
                ? new EngineException(EngineErrorKind.TimedOut, engine.Name, $"The build did not begin within {limit.TotalSeconds:0} seconds.")
                : new EngineException(EngineErrorKind.Unavailable, engine.Name, "The service is stopping.");
        }
    }

    private static async ValueTask<bool> EndsWithinAsync(Task task, TimeSpan span, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!task.IsCompleted)
        {
            await task.WaitAsync(span, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return task.IsCompleted;
    }

    /// <summary>Whether there is more to read, or what ended the reading before its end.</summary>
    private async Task<(bool More, BuildError? Error)> OutcomeAsync(
        Task<bool> next, TimeSpan limit, CancellationToken timeout, CancellationToken cancellationToken)
    {
        try
        {
            return (await next, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (false, timeout.IsCancellationRequested
                ? new BuildError("timeout", $"The build took longer than {limit.TotalSeconds:0} seconds and was stopped.", null, null)
                : new BuildError("cancelled", "The service is stopping.", null, null));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return (false, ErrorOf(e));
        }
    }

    private static BuildError? ErrorOf(BuildFailed? failed) => failed is null ? null : new BuildError(
        failed.Kind is { } kind ? Problems.CodeOf(kind).Code : failed.StepName is null ? ProblemCode.BuildFailed.Code : "step_failed",
        failed.Message, failed.StepName, failed.ExitCode);

    private BuildError ErrorOf(Exception exception)
    {
        var problem = Problems.From(exception);
        if (problem.Status >= StatusCodes.Status500InternalServerError)
        {
            Log.Broke(logger, exception);
        }

        return new BuildError((string)problem.Extensions["code"]!, problem.Detail!, null, null);
    }

    /// <summary>Asks the engine for the image before it is promised; null where it is there.</summary>
    private async Task<BuildError?> FindImageAsync(IEngine engine, string? imageId, CancellationToken cancellationToken)
    {
        if (imageId is null)
        {
            return new BuildError(ProblemCode.EngineError.Code, "The engine named no image.", null, null);
        }

        try
        {
            await engine.InspectImageAsync(imageId, cancellationToken);
            return null;
        }
        catch (EngineException e) when (e.Kind == EngineErrorKind.ImageNotFound)
        {
            return new BuildError(ProblemCode.EngineError.Code, "The engine does not have the image that it built.", null, null);
        }
        catch (EngineException e)
        {
            return ErrorOf(e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Build {BuildId} began on {Engine}")]
        public static partial void Started(ILogger logger, string buildId, string engine);

        [LoggerMessage(2, LogLevel.Information, "Build {BuildId} on {Engine} ended: {Outcome} after {DurationMs} ms")]
        public static partial void Ended(ILogger logger, string buildId, string engine, string outcome, long durationMs);

        [LoggerMessage(3, LogLevel.Error, "A build broke off")]
        public static partial void Broke(ILogger logger, Exception exception);
    }
}
