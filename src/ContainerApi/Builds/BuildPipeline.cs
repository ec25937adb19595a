using System.IO.Pipelines;
using ContainerApi.Api;
using ContainerApi.Builds.Contexts;
using ContainerApi.Builds.Dockerfiles;
using ContainerApi.Engine;

namespace ContainerApi.Builds;

/// <summary>
/// Runs builds: (1) each waits for its turn, (2) the context flows to the engine, (3) what the engine says becomes events in
/// the build's log, (4) the engine is asked for the image, (5) exactly one result ends it. A build belongs to no request:
/// <see cref="BuildJob.Stop"/>, the timeout and the service's shutdown each stop the work on the engine.
/// </summary>
internal sealed partial class BuildPipeline(
    BuildOptions options, BuildQueue queue, BuildRegistry registry, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<BuildPipeline> logger)
{

    private static readonly PipeOptions ContextPipe = new(
        pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, minimumSegmentSize: 64 * 1024, useSynchronizationContext: false);

    /// <summary>Begins a build, or puts it into the engine's queue; its context is not read before its turn.</summary>
    /// <param name="client">Among clients the turns are shared out.</param>
    /// <param name="startedBy">The caller's name; null where it is not known.</param>
    /// <exception cref="ApiException">Too many builds wait already.</exception>
    public BuildJob Start(IEngine engine, BuildParameters parameters, BuildContext context, string client, string? startedBy = null)
    {
        var slot = queue.Enqueue(engine.Name, client);
        var run = registry.Open(engine.Name, parameters.Spec.Tags, startedBy);
        run.Work = Task.Run(() => RunAsync(run, engine, parameters, context, slot));
        return run;
    }

    private async Task RunAsync(BuildJob run, IEngine engine, BuildParameters parameters, BuildContext context, QueueSlot slot)
    {
        var began = time.GetTimestamp();
        var limit = parameters.Timeout ?? options.Timeout;
        var observed = BuildTelemetry.Begin(run.Id, engine.Name);
        string? image;
        BuildError? error;
        Exception? failure;
        using (lifetime.ApplicationStopping.Register(() => run.Stop(StopCause.Shutdown)))
        using (slot)
        {
            (image, error, failure) = await BuildAsync(run, engine, parameters, context, slot, limit);
        }

        var took = (long)time.GetElapsedTime(began).TotalMilliseconds;
        // The image is there also where only its push failed.
        var result = error is null
            ? new ResultEvent(BuildOutcome.Succeeded, image, parameters.Spec.Tags, took, null)
            : new ResultEvent(BuildOutcome.Failed, image, [], took, error);
        var outcome = error is null ? "succeeded" : run.Cause is StopCause.ClientLeft ? "client_left" : error.Code;
        // Before the result is told: who waits for it finds the figures as they are then.
        observed.End(run.Describe().Builder ?? BuilderChoice.NameOf(parameters.Spec.Builder), outcome);
        run.End(result, time.GetUtcNow(), failure is null ? null : Refusal(run.Cause, engine.Name, limit) ?? failure);
        Log.Ended(logger, run.Id, engine.Name, outcome, took);
    }

    /// <summary>The engine's part. Returns the image once the engine has it, what failed, and the exception where it was one. Never throws.</summary>
    private async Task<(string? Image, BuildError? Error, Exception? Failure)> BuildAsync(
        BuildJob run, IEngine engine, BuildParameters parameters, BuildContext context, QueueSlot slot, TimeSpan limit)
    {
        string? image = null;
        BuildProjection? projection = null;
        Exception? failure = null;
        try
        {
            await WaitForTurnAsync(run, engine, slot);
            Log.Started(logger, run.Id, engine.Name);
            using var timeout = new CancellationTokenSource(limit, time);
            using var stopping = timeout.Token.Register(() => run.Stop(StopCause.Timeout));
            var spec = await SettleAsync(engine, parameters, run.Stopping);
            projection = new BuildProjection(
                new StartedEvent(run.Id, engine.Name, BuilderChoice.NameOf(spec.Builder), time.GetUtcNow()), time, spec.BuildArguments);
            failure = await WorkAsync(run, engine, spec, context, projection);
            if (failure is null)
            {
                if ((ErrorOf(projection.Failure) ?? await FindImageAsync(engine, projection.ImageId, run.Stopping)) is { } refused)
                {
                    return (null, refused, null);
                }

                image = projection.ImageId;
                return (image, spec.Push ? await PushAsync(run, engine, spec, projection) : null, null);
            }
        }
        catch (Exception e)
        {
            failure = e;
        }

        // Once we stop it, whatever it ends with is our doing.
        var error = run.Cause is { } cause ? ErrorOf(cause, limit) : ErrorOf(failure);
        return (image, error with { Step = projection?.StepName }, failure);
    }

    /// <summary>Pushes the image under each of its tags, a step each; returns why one could not be pushed, or null.</summary>
    private static async Task<BuildError?> PushAsync(BuildJob run, IEngine engine, BuildSpec spec, BuildProjection projection)
    {
        foreach (var tag in spec.Tags)
        {
            var step = "push " + tag;
            Tell(run, projection, new StepStarted(step, null, null, step));
            var registry = ImageReference.TryParse(tag, out var reference) ? reference.Registry : tag;
            try
            {
                await foreach (var moved in engine.PushImageAsync(tag, spec.Credentials.FirstOrDefault(c => c.AreFor(registry)), run.Stopping))
                {
                    Tell(run, projection, moved.Layer is { } layer
                        ? new StepProgress(step, layer, moved.Status, moved.Current, moved.Total)
                        : new StepLog(step, "stdout", moved.Status + "\n"));
                    await run.Log.WaitForRoomAsync(run.Stopping);
                }
            }
            catch (EngineException e)
            {
                return new BuildError(Problems.CodeOf(e.Kind).Code, e.Message, step, null);
            }

            Tell(run, projection, new StepCompleted(step, Cached: false));
        }

        return null;
    }

    /// <summary>The build as this engine can do it: which builder it has shows only when it was asked.</summary>
    private static async Task<BuildSpec> SettleAsync(IEngine engine, BuildParameters parameters, CancellationToken cancellationToken)
    {
        if (engine.ApiVersion is null)
        {
            await engine.PingAsync(cancellationToken);
        }

        var spec = parameters.Spec;
        return spec with { Builder = BuilderChoice.On(engine, spec, parameters.IsBuilderForced) };
    }

    /// <summary>Waits until the build may run and reports its position in the queue.</summary>
    private async Task WaitForTurnAsync(BuildJob run, IEngine engine, QueueSlot slot)
    {
        while (await slot.Positions.ReadAsync(run.Stopping) is > 0 and var position)
        {
            run.Report(new QueuedEvent(run.Id, engine.Name, position, time.GetUtcNow()));
        }

        run.Admit(time.GetUtcNow());
    }

    /// <summary>Lets the engine build and tells what it says; returns what went wrong, or null. Never throws.</summary>
    private static async Task<Exception?> WorkAsync(BuildJob run, IEngine engine, BuildSpec spec, BuildContext context, BuildProjection projection)
    {
        var pipe = new Pipe(ContextPipe);
        using var engineLeft = CancellationTokenSource.CreateLinkedTokenSource(run.Stopping);
        // A directory is read synchronously, on a thread of its own.
        var filling = Task.Run(() => FillAsync(run, engine, spec, context, pipe.Writer, engineLeft.Token), CancellationToken.None);
        Exception? failure = null;
        try
        {
            await using var facts = engine.BuildAsync(spec, pipe.Reader.AsStream(), run.Stopping).GetAsyncEnumerator(run.Stopping);
            while (true)
            {
                var next = facts.MoveNextAsync();
                if (!next.IsCompleted)
                {
                    // A pause: what was printed so far is told now.
                    run.Log.Flush();
                }

                if (!await next)
                {
                    break;
                }

                Tell(run, projection, facts.Current);
                await run.Log.WaitForRoomAsync(run.Stopping);
            }
        }
        catch (Exception e)
        {
            failure = e;
        }

        var stopped = failure is not null && run.Stopping.IsCancellationRequested;
        await engineLeft.CancelAsync();
        // A context that breaks off makes the engine's call fail, too: the context is the reason.
        var contextFailure = await filling;
        await pipe.Reader.CompleteAsync();
        return stopped ? failure : contextFailure ?? failure;
    }

    private static void Tell(BuildJob run, BuildProjection projection, BuildFact fact)
    {
        foreach (var told in projection.Read(fact))
        {
            run.Report(told);
        }
    }

    /// <summary>Writes the context; returns why it could not be written, or null. An engine that reads no further is no reason.</summary>
    private static async Task<Exception?> FillAsync(
        BuildJob run, IEngine engine, BuildSpec spec, BuildContext context, PipeWriter archive, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            // The Dockerfile is judged as it passes by, before the engine has all of the context and begins.
            var version = Version.Parse(engine.ApiVersion ?? await engine.PingAsync(cancellationToken));
            await context(archive, dockerfile => Check(dockerfile, spec, version), cancellationToken);
            await archive.CompleteAsync();
        }
        catch (Exception e)
        {
            // With an exception, so that what there is of the archive is not taken for all of it.
            await archive.CompleteAsync(e);
            failure = e is OperationCanceledException ? null : e;
        }

        run.EndContext(failure);
        return failure;
    }

    private static void Check(string? dockerfile, BuildSpec spec, Version engineApi)
    {
        DockerfileValidator.Check(dockerfile, spec);
        DockerfileRequirements.Check(dockerfile!, spec.Builder, engineApi);
    }

    /// <summary>What the one who started a build is told where it was stopped before its first event.</summary>
    private static Exception? Refusal(StopCause? cause, string engine, TimeSpan limit) => cause switch
    {
        StopCause.Timeout => new EngineException(EngineErrorKind.TimedOut, engine, $"The build did not begin within {limit.TotalSeconds:0} seconds."),
        StopCause.Shutdown => new EngineException(EngineErrorKind.Unavailable, engine, "The service is stopping."),
        StopCause.Cancelled => new ApiException(ErrorCode.Conflict, "The build was cancelled before it began."),
        StopCause.ClientLeft => new OperationCanceledException(),
        _ => null,
    };

    private static BuildError ErrorOf(StopCause cause, TimeSpan limit) => cause switch
    {
        StopCause.Timeout => new BuildError("timeout", $"The build took longer than {limit.TotalSeconds:0} seconds and was stopped.", null, null),
        StopCause.Shutdown => new BuildError(BuildError.Cancelled, "The service is stopping.", null, null),
        StopCause.ClientLeft => new BuildError(BuildError.Cancelled, "The client that started the build left.", null, null),
        _ => new BuildError(BuildError.Cancelled, "The build was cancelled on request.", null, null),
    };

    private static BuildError? ErrorOf(BuildFailed? failed) => failed is null ? null : new BuildError(
        failed.Kind is { } kind ? Problems.CodeOf(kind).Code : failed.StepName is null ? ErrorCode.BuildFailed.Code : "step_failed",
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
            return new BuildError(ErrorCode.EngineError.Code, "The engine named no image.", null, null);
        }

        try
        {
            await engine.InspectImageAsync(imageId, cancellationToken);
            return null;
        }
        catch (EngineException e) when (e.Kind == EngineErrorKind.ImageNotFound)
        {
            return new BuildError(ErrorCode.EngineError.Code, "The engine does not have the image that it built.", null, null);
        }
        catch (EngineException e)
        {
            return ErrorOf(e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Build {BuildId} begins on {Engine}")]
        public static partial void Started(ILogger logger, string buildId, string engine);

        [LoggerMessage(2, LogLevel.Information, "Build {BuildId} on {Engine} ended: {Outcome} after {DurationMs} ms")]
        public static partial void Ended(ILogger logger, string buildId, string engine, string outcome, long durationMs);

        [LoggerMessage(3, LogLevel.Error, "A build broke off")]
        public static partial void Broke(ILogger logger, Exception exception);
    }
}
