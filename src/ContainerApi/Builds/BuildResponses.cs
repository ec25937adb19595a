using System.Runtime.CompilerServices;
using ContainerApi.Api;
using ContainerApi.Builds.History;
using ContainerApi.Engine;

namespace ContainerApi.Builds;

/// <summary>How the response to a build request looks.</summary>
/// <param name="Format">The format of a stream.</param>
/// <param name="KeepsColours">Whether a text log keeps the colours of the steps' output.</param>
internal sealed record BuildResponseForm(BuildMode Mode, StreamFormat Format = StreamFormat.Ndjson, bool KeepsColours = false);

/// <summary>Creates the responses about builds. A build that is not detached stops when its client disconnects.</summary>
internal sealed class BuildResponses(BuildStore store, BuildOptions options, ConfiguredEngines engines, TimeProvider time)
{
    /// <summary>
    /// The context of a queued build is not read, so a disconnected client shows only when something is written to it.
    /// </summary>
    private static readonly TimeSpan QueuedHeartbeatInterval = TimeSpan.FromSeconds(5);

    private const int MaxLogLines = 20;
    private const int MaxLineLength = 1000;

    /// <summary>How many of the last events are searched for log lines.</summary>
    private const int MaxReadEvents = 100;

    /// <summary>Responds to the request that started a build.</summary>
    /// <param name="hasContext">Whether the context was read with the request: then even a waiting build can continue without its client.</param>
    public IResult RespondToStarter(BuildJob job, BuildResponseForm form, bool hasContext) => new Response(async http =>
    {
        var keeping = BuildIdempotency.KeepAsync(http, job, form, hasContext);
        try
        {
            await (form.Mode switch
            {
                _ when job.File is { } file => OwnAsync(http, job, () => FileAsync(http, job, file)),
                BuildMode.Detach => DetachAsync(http, job, hasContext),
                BuildMode.Wait => OwnAsync(http, job, () => DocumentAsync(http, job)),
                _ => OwnAsync(http, job, () => Stream(job, 0, form, http.RequestAborted).ExecuteAsync(http), showsContext: hasContext),
            });
        }
        finally
        {
            await keeping;
        }
    });

    /// <summary>Streams the events of a build from a number on.</summary>
    public IResult RespondToFollower(BuildJob job, long from, BuildResponseForm form) =>
        // The client has the result. A browser stops to reconnect at a 204.
        job.Log.IsClosed && from == job.Log.Count
            ? TypedResults.NoContent()
            : Stream(job, from, form, CancellationToken.None);

    /// <summary>Stops the build when the request ends, unless a repeated request waits for it as well.</summary>
    /// <param name="showsContext">
    /// Whether the response starts with the progress of the context. A client that sends the context itself reads later, and the errors of
    /// the context keep their status.
    /// </param>
    private static async Task OwnAsync(HttpContext http, BuildJob job, Func<Task> respond, bool showsContext = false)
    {
        job.Join();
        try
        {
            await Task.WhenAny(job.Began, showsContext ? job.Log.Read(0).Grown ?? Task.CompletedTask : job.Began).WaitAsync(http.RequestAborted);
            if (job.Began.IsCompleted)
            {
                await job.Began;
            }

            await respond();
        }
        finally
        {
            // No effect on an ended build. The build may read the request's body until its end.
            job.Leave();
            await job.Work;
            if (job.Describe().Error is { } error)
            {
                http.SetOutcome($"build {job.Id} {error.Code}");
            }
        }
    }

    /// <summary>Responds when the build no longer needs its client; a failure before that is the response.</summary>
    private async Task DetachAsync(HttpContext http, BuildJob job, bool hasContext)
    {
        try
        {
            await job.Began.WaitAsync(http.RequestAborted);
            if (!hasContext || job.Describe().State != BuildState.Queued)
            {
                await job.ContextRead.WaitAsync(http.RequestAborted);
            }
        }
        catch
        {
            job.Stop(StopCause.ClientLeft);
            await job.Work;
            throw;
        }

        await TypedResults.Accepted(engines.Directory.AddressOf($"/builds/{job.Id}", job.Describe().Engine), job.Describe()).ExecuteAsync(http);
    }

    private async Task FileAsync(HttpContext http, BuildJob job, BuildFile file)
    {
        if (await file.HasBytesAsync(http.RequestAborted))
        {
            await file.SendAsync(http, job);
            return;
        }

        await job.Work.WaitAsync(http.RequestAborted);
        throw await ToProblemAsync(http, job, job.Describe().Error ?? new BuildError(ErrorCode.EngineError, "The engine sent no file."));
    }

    private async Task DocumentAsync(HttpContext http, BuildJob job)
    {
        await job.Work.WaitAsync(http.RequestAborted);
        var build = job.Describe();
        if (build.Error is { } error)
        {
            throw await ToProblemAsync(http, job, error);
        }

        // A check has no image.
        var path = build.ImageId is { } image ? $"/images/{image}" : $"/builds/{build.Id}";
        await TypedResults.Created(engines.Directory.AddressOf(path, build.Engine), build).ExecuteAsync(http);
    }

    private async Task<ApiException> ToProblemAsync(HttpContext http, BuildJob job, BuildError error)
    {
        var build = job.Describe();
        // A failure that is not a step's keeps the status that it has before the first event.
        var code = ErrorCode.Find(error.Code) ?? ErrorCode.BuildFailed;
        return new ApiException(code, error.Message, error.Errors)
        {
            Extensions =
            {
                ["engine"] = build.Engine,
                ["buildId"] = build.Id,
                ["reason"] = error.Code,
                ["step"] = error.Step,
                ["exitCode"] = error.ExitCode,
                ["warnings"] = build.Warnings,
                ["log"] = await LastLinesAsync(job, http.RequestAborted),
            },
        };
    }

    private async Task<IReadOnlyList<string>> LastLinesAsync(BuildJob job, CancellationToken cancellationToken)
    {
        var last = new List<string>();
        await foreach (var batch in FollowAsync(job, Math.Max(0, job.Log.Count - MaxReadEvents), cancellationToken))
        {
            last.AddRange(batch.Events.OfType<LogEvent>().SelectMany(log => log.Text.TrimEnd('\n').Split('\n')));
        }

        return [.. last.TakeLast(MaxLogLines).Select(line => line.Length > MaxLineLength ? line[..MaxLineLength] : line)];
    }

    private StreamResult<LogBatch> Stream(BuildJob job, long from, BuildResponseForm form, CancellationToken cancellationToken)
    {
        var text = form.Format == StreamFormat.Text ? new BuildText(form.KeepsColours) : null;
        return new(FollowAsync(job, from, cancellationToken), form.Format)
        {
            Lines = batch => text is null ? batch.Lines.Lines : Encoding.UTF8.GetBytes(text.Render(batch.Events)),
            Heartbeat = new Heartbeat<LogBatch>(
                (last, at) => LogBatch.Of(new HeartbeatEvent(), Math.Max(from, last.Lines.Next), at),
                () => job.Describe().State == BuildState.Queued ? QueuedHeartbeatInterval : Heartbeat<LogBatch>.DefaultInterval,
                time,
                BeforeFirst: true),
            WriteTimeout = options.Timeout,
            StartsAtOnce = true,
        };
    }

    /// <summary>Reads the events of a build from a number on. A slow reader costs nothing: the log keeps what it has not read.</summary>
    private async IAsyncEnumerable<LogBatch> FollowAsync(BuildJob job, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = job.Log.Read(from);
            if (read.Grown is { } grown)
            {
                await grown.WaitAsync(cancellationToken);
            }
            else if (read.StoredUntil is not null && store.Read(job.Id, from) is { } stored)
            {
                yield return new LogBatch(stored, null);
                from = stored.Next;
            }
            else if (read.StoredUntil is { } next)
            {
                yield return LogBatch.Of(new WarningEvent($"The events {from} to {next - 1} cannot be read.", null), next, time.GetUtcNow());
                from = next;
                if (job.IsEnded && next == job.Log.Count)
                {
                    yield return LogBatch.Of(job.Describe().ToResult(), next, time.GetUtcNow());
                }
            }
            else if (read.Batch.Lines.Lines.IsEmpty)
            {
                yield break;
            }
            else
            {
                yield return read.Batch;
                from = read.Batch.Lines.Next;
            }
        }
    }

    private sealed class Response(Func<HttpContext, Task> respond) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => respond(httpContext);
    }
}
