using System.Collections.Concurrent;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using ContainerApi.Builds.Contexts;
using ContainerApi.Builds.Dockerfiles;
using ContainerApi.Engine;

namespace ContainerApi.Builds;

/// <summary>
/// Runs builds: (1) each build waits in the queue, (2) the context streams to the engine, (3) the engine's output becomes events in
/// the build's log, (4) the engine is asked for the image, (5) exactly one result ends the build. A build belongs to no request:
/// <see cref="BuildJob.Stop"/>, the timeout and the service's shutdown each stop it on the engine.
/// </summary>
internal sealed partial class BuildPipeline(
    BuildOptions options,
    BuildQueue queue,
    BuildRegistry registry,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<BuildPipeline> logger)
{
    /// <summary>Starts a build or queues it; a queued build does not read its context.</summary>
    /// <param name="client">The client that the queue is fair to.</param>
    /// <param name="upload">The body that the context reads; null when the whole body was read before.</param>
    /// <param name="startedBy">Name of the caller; null when the caller is anonymous.</param>
    /// <exception cref="ApiException">The queue is full, or the requested builder lacks a requested feature.</exception>
    /// <param name="names">The names of the request's fields.</param>
    public BuildJob Start(
        IEngine engine, BuildRequest request, BuildSource context, UploadMeter? upload, string client, string? startedBy, FieldNames? names)
    {
        var spec = request.ToSpec(engine.Capabilities);
        var slot = queue.Enqueue(engine.Name, client);
        var file = spec.Output == BuildOutput.Image ? null : new BuildFile();
        var job = registry.Open(engine.Name, [.. spec.Tags.Select(t => t.ToString())], startedBy, file);
        var limited = upload is null ? context : upload.Limit(context, () => slot.OthersWait);
        job.Work = Task.Run(() => RunAsync(job, engine, request, spec, limited, slot, names));
        return job;
    }

    private async Task RunAsync(
        BuildJob job, IEngine engine, BuildRequest request, BuildSpec spec, BuildSource context, QueueSlot slot, FieldNames? names)
    {
        var started = time.GetTimestamp();
        var limit = request.Timeout ?? options.Timeout;
        var observed = BuildTelemetry.Begin(job.Id, engine.Name);
        ImageDetails? image;
        BuildError? error;
        Exception? failure;
        using (lifetime.ApplicationStopping.Register(() => job.Stop(StopCause.Shutdown)))
        using (slot)
        {
            (image, error, failure) = await BuildAsync(job, engine, spec, request.Builder != RequestedBuilder.Auto, context, slot, limit, names);
        }

        var took = (long)time.GetElapsedTime(started).TotalMilliseconds;
        // The image exists even when only its push failed.
        var result = new ResultEvent(
            error is null ? StreamOutcome.Succeeded : BuildFailures.OutcomeOf(error), job.Id, engine.Name, image?.Summary.Id,
            image?.Summary.Tags ?? [], took, error, image?.Digest, image?.Platforms, image?.Attestations);
        var outcome = error is null ? "succeeded" : job.Cause is StopCause.ClientLeft ? "client_left" : error.Code;
        // Before the result, so that a client that waits for it finds the metrics updated.
        observed.End(job.Describe().Builder ?? BuilderChoice.NameOf(spec.Builder), outcome);
        job.End(result, time.GetUtcNow(), failure is null ? null : BuildFailures.BeforeStart(job, engine.Name, limit, failure));
        job.File?.Complete();
        Log.Ended(logger, job.Id, engine.Name, outcome, took);
    }

    /// <summary>Builds on the engine. Returns the image, the error and the exception behind it, each as far as there is one. Never throws.</summary>
    private async Task<(ImageDetails? Image, BuildError? Error, Exception? Failure)> BuildAsync(
        BuildJob job, IEngine engine, BuildSpec spec, bool isBuilderForced, BuildSource context, QueueSlot slot, TimeSpan limit,
        FieldNames? names)
    {
        ImageDetails? image = null;
        BuildProjection? projection = null;
        Exception? failure = null;
        try
        {
            await WaitForTurnAsync(job, engine, slot);
            Log.Started(logger, job.Id, engine.Name);
            using var timeout = new CancellationTokenSource(limit, time);
            using var stopping = timeout.Token.Register(() => job.Stop(StopCause.Timeout));
            // A ping says which builders the engine has.
            var capabilities = engine.Capabilities ?? await engine.PingAsync(job.Stopping);
            spec = spec with { Builder = BuilderChoice.On(capabilities, spec, isBuilderForced) };
            if (BuilderChoice.NeedsImageIndex(spec))
            {
                BuilderChoice.RequireImageIndex(spec, await engine.DescribeAsync(job.Stopping));
            }

            projection = new BuildProjection(
                new StartedEvent(job.Id, engine.Name, BuilderChoice.NameOf(spec.Builder)), time, spec.BuildArguments);
            failure = await WorkAsync(job, engine, capabilities, spec, context, projection, limit);
            if (failure is null)
            {
                var error = BuildFailures.ErrorOf(projection.Failure, names);
                if (error is null && spec is { Output: BuildOutput.Image, IsCheck: false })
                {
                    (image, error) = await FindImageAsync(engine, projection.ImageId, job.Stopping);
                }

                error ??= spec.Push ? await PushAsync(job, engine, spec, projection, names) : null;
                CancelSteps(job, error is null ? null : projection);
                return (image, error, null);
            }
        }
        catch (Exception e)
        {
            failure = e;
        }

        // After a stop, the cause of the stop explains every failure.
        var reason = job.Cause is { } cause ? BuildFailures.ErrorOf(cause, limit) : ErrorOf(job, engine, failure, names);
        reason = reason with { Step = projection?.StepName };
        CancelSteps(job, projection);
        return (image, reason, failure);
    }

    private static void CancelSteps(BuildJob job, BuildProjection? projection)
    {
        foreach (var cancelled in projection?.CancelSteps() ?? [])
        {
            job.Report(cancelled);
        }
    }

    /// <summary>Pushes the image under each of its tags, one step each; returns the error of the first failed push, or null.</summary>
    private static async Task<BuildError?> PushAsync(
        BuildJob job, IEngine engine, BuildSpec spec, BuildProjection projection, FieldNames? names)
    {
        var reporter = new BuildReporter(job, projection);
        foreach (var tag in spec.Tags)
        {
            var step = "push " + tag;
            reporter.Report(new StepStarted(step, null, null, step));
            try
            {
                await foreach (var moved in engine.PushImageAsync(tag, spec.Credentials.FirstOrDefault(c => c.AreFor(tag.Registry)), job.Stopping))
                {
                    reporter.Report(moved.Layer is { } layer
                        ? new StepProgress(step, layer, moved.Status, moved.Current, moved.Total)
                        : new StepLog(step, "stdout", moved.Status + "\n"));
                    await job.Log.WaitForRoomAsync(job.Stopping);
                }
            }
            catch (EngineException e)
            {
                reporter.Report(new StepFailed(step));
                return BuildError.Of(e, names) with { Step = step };
            }

            reporter.Report(new StepCompleted(step, Cached: false));
        }

        return null;
    }

    /// <summary>Waits until the build may run, and reports its position in the queue.</summary>
    private async Task WaitForTurnAsync(BuildJob job, IEngine engine, QueueSlot slot)
    {
        while (await slot.Positions.ReadAsync(job.Stopping) is > 0 and var position)
        {
            job.Report(new QueuedEvent(job.Id, engine.Name, position));
        }

        job.Admit(time.GetUtcNow());
    }

    /// <summary>Runs the build on the engine and reports its output; returns the failure, or null. Never throws.</summary>
    private async Task<Exception?> WorkAsync(
        BuildJob job, IEngine engine, EngineCapabilities capabilities, BuildSpec spec, BuildSource context, BuildProjection projection,
        TimeSpan limit)
    {
        using var engineLeft = CancellationTokenSource.CreateLinkedTokenSource(job.Stopping);
        var warnings = new ConcurrentQueue<BuildWarning>();
        var reporter = new BuildReporter(job, projection);
        // The text of a Dockerfile is checked before the context, which then needs none.
        DockerfileCheck check = dockerfile => Check(spec.DockerfileText ?? dockerfile, spec, capabilities, warnings);
        if (spec.DockerfileText is { } text)
        {
            check(text);
            check = _ => { };
        }

        var hasMain = spec is { Builder: BuilderKind.BuildKit, Remote: null };
        ContextTransfer? transfer = null;
        BuildDirectories? directories = null;
        Exception? failure = null;
        try
        {
            if (context.Prepare is { } prepare)
            {
                context = await Task.Run(() => prepare(context, check, job.Stopping), job.Stopping);
            }

            transfer = new ContextTransfer(job, context.Archive, check, engineLeft.Token);
            directories = await Task.Run(
                () => BuildDirectories.PrepareAsync(context, hasMain, options.MaxContextBytes, check, job.Stopping), job.Stopping);
            var client = job.Describe().StartedBy;
            var input = new BuildInput(transfer.Open)
            {
                Output = job.File?.OpenWrite(),
                Directories = directories.ToContext(client, spec.DockerfileText),
            };
            await using var facts = engine.BuildAsync(spec with { Contexts = directories.Addresses(client) }, input, job.Stopping)
                .GetAsyncEnumerator(job.Stopping);
            await reporter.ReportAsync(facts, new ContextProgress(transfer, directories.Main, time), warnings);
        }
        catch (Exception e)
        {
            failure = e;
        }

        var stopped = failure is not null && job.Stopping.IsCancellationRequested;
        await engineLeft.CancelAsync();
        // A context that fails makes the engine's call fail too; the context is the reason.
        var contextFailure = (transfer is null ? null : await transfer.EndAsync()) ?? directories?.Failure;
        context.DisposeFiles();
        return !stopped ? contextFailure ?? failure
            : job.Cause is StopCause.Timeout && (transfer?.IsBeingRead is true || directories is null) ? BuildFailures.SlowContext(limit)
            : failure;
    }

    private static void Check(string? dockerfile, BuildSpec spec, EngineCapabilities engine, ConcurrentQueue<BuildWarning> warnings)
    {
        DockerfileValidator.Check(dockerfile, spec, engine);
        DockerfileExpansion.Check(dockerfile!, spec.BuildArguments);
        foreach (var warning in DockerfileRequirements.Check(dockerfile!, spec, engine))
        {
            warnings.Enqueue(warning);
        }
    }

    private BuildError ErrorOf(BuildJob job, IEngine engine, Exception exception, FieldNames? names)
    {
        var (code, message) = Problems.Describe(exception);
        if (code == ErrorCode.Internal)
        {
            Log.FailedUnexpectedly(logger, job.Id, engine.Name, exception);
        }
        else if (code.Status >= StatusCodes.Status500InternalServerError)
        {
            Log.Failed(logger, job.Id, engine.Name, message);
        }

        return exception is ApiException known ? BuildError.Of(known, names) : new BuildError(code, message);
    }

    /// <summary>Asks the engine for the image before the build succeeds; its tags are those of the result.</summary>
    private static async Task<(ImageDetails? Image, BuildError? Error)> FindImageAsync(
        IEngine engine, string? imageId, CancellationToken cancellationToken)
    {
        if (imageId is null)
        {
            return (null, new BuildError(ErrorCode.EngineError, "The engine named no image."));
        }

        try
        {
            return (await engine.InspectImageAsync(new ImageNameOrId(imageId), cancellationToken), null);
        }
        catch (EngineException e) when (e.Code == ErrorCode.ImageNotFound)
        {
            return (null, new BuildError(ErrorCode.EngineError, "The engine does not have the image that it built."));
        }
        catch (EngineException e)
        {
            return (null, BuildError.Of(e, names: null));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Build {BuildId} on {Engine} started")]
        public static partial void Started(ILogger logger, string buildId, string engine);

        [LoggerMessage(2, LogLevel.Information, "Build {BuildId} on {Engine} ended: {Outcome} after {DurationMs} ms")]
        public static partial void Ended(ILogger logger, string buildId, string engine, string outcome, long durationMs);

        [LoggerMessage(3, LogLevel.Error, "Build {BuildId} on {Engine} failed unexpectedly")]
        public static partial void FailedUnexpectedly(ILogger logger, string buildId, string engine, Exception exception);

        [LoggerMessage(4, LogLevel.Warning, "Build {BuildId} on {Engine} failed: {Reason}")]
        public static partial void Failed(ILogger logger, string buildId, string engine, string reason);
    }
}
