using ContainerApi.Api;
using ContainerApi.Builds.History;

namespace ContainerApi.Builds;

/// <summary>Why a build stops before its end.</summary>
internal enum StopCause
{
    /// <summary>The build exceeded its timeout.</summary>
    Timeout,

    /// <summary>The client of a build that is not detached disconnected.</summary>
    ClientLeft,

    /// <summary>A client cancelled the build.</summary>
    Cancelled,

    /// <summary>The service is stopping.</summary>
    Shutdown,
}

/// <summary>
/// One build: its state, its events and the way to stop it. It does not depend on a request: the client that started it and other
/// clients follow its log.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification =
    "A source without a timer and without parents holds no resources, and a build may be stopped at any time.")]
internal sealed class BuildJob
{
    private const int MaxWarnings = 100;

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _contextRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Build _build;
    private int _clients;

    public BuildJob(Build build, BuildLog log) => (_build, Log) = (build, log);

    /// <summary>A build that ended before this service started.</summary>
    public BuildJob(StoredBuild stored, HistoryOptions options, TimeProvider time, BuildStore store)
    {
        _build = stored.Build;
        Log = new BuildLog(options, time, store, stored.Build.EventCount, stored.Bytes);
        _began.SetResult();
        _contextRead.SetResult();
    }

    public string Id => _build.Id;

    public BuildLog Log { get; }

    /// <summary>The file that the build makes; null for an image.</summary>
    public BuildFile? File { get; init; }

    /// <summary>Cancelled when the build must stop.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Why the build must stop; null while it runs.</summary>
    public StopCause? Cause { get; private set; }

    /// <summary>
    /// Completes with the first event after the progress of the context, or fails when the build ended before it; the request then fails the
    /// same way.
    /// </summary>
    public Task Began => _began.Task;

    /// <summary>Completes when the context was read, or fails when it is invalid.</summary>
    public Task ContextRead => _contextRead.Task;

    /// <summary>Completes when the build has ended. Never fails.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    public bool IsEnded => _build.IsEnded;

    public Build Describe()
    {
        lock (_lock)
        {
            return _build with { EventCount = Log.Count };
        }
    }

    /// <summary>Whether a repeated request gets this build: it runs, succeeded, or would fail again.</summary>
    public bool CanBeRepeated => Describe() switch
    {
        { IsEnded: false } => Cause is null,
        { State: BuildState.Succeeded } => true,
        { State: BuildState.Failed, Error: { } error } =>
            error.Code != BuildError.Timeout.Code && !(ErrorCode.Find(error.Code)?.Status is 408 or 429 or >= 500),
        _ => false,
    };

    /// <summary>Adds a client whose departure stops the build if it is the last one.</summary>
    public void Join()
    {
        lock (_lock)
        {
            _clients++;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _clients--;
            if (_clients > 0)
            {
                return;
            }
        }

        Stop(StopCause.ClientLeft);
    }

    /// <summary>Stops the build; the first cause counts.</summary>
    public void Stop(StopCause cause)
    {
        lock (_lock)
        {
            if (Cause is not null || IsEnded)
            {
                return;
            }

            Cause = cause;
        }

        _stop.Cancel();
    }

    /// <summary>Adds an event to the log and updates the build.</summary>
    /// <param name="begins">Whether the build has begun with it. Until then a failure is the failure of the request.</param>
    public void Report(BuildEvent buildEvent, bool begins = true)
    {
        Build build;
        lock (_lock)
        {
            build = _build = buildEvent switch
            {
                QueuedEvent queued => _build with { QueuePosition = queued.Position },
                StartedEvent started => _build with { Builder = started.Builder },
                WarningEvent warning when _build.Warnings.Count < MaxWarnings =>
                    _build with { Warnings = [.. _build.Warnings, new Warning(warning.Text, warning.Line, warning.Url)] },
                _ => _build,
            };
        }

        Log.Add(buildEvent, build);
        if (begins)
        {
            _began.TrySetResult();
        }
    }

    /// <summary>Marks the build as running.</summary>
    public void Admit(DateTimeOffset at)
    {
        lock (_lock)
        {
            _build = _build with { State = BuildState.Running, QueuePosition = null, StartedAt = at };
        }
    }

    /// <summary>Ends the build. <paramref name="refusal"/> says why it never began.</summary>
    public void End(ResultEvent result, DateTimeOffset at, Exception? refusal)
    {
        lock (_lock)
        {
            _build = _build with
            {
                State = result.State switch
                {
                    StreamOutcome.Succeeded => BuildState.Succeeded,
                    StreamOutcome.Cancelled => BuildState.Cancelled,
                    StreamOutcome.Interrupted => BuildState.Interrupted,
                    _ => BuildState.Failed,
                },
                QueuePosition = null,
                ImageId = result.ImageId,
                FinishedAt = at,
                DurationMs = result.DurationMs,
                Error = result.Error,
            };
        }

        // A client that waits for the first event gets the refusal, not the result.
        if (refusal is not null && _began.TrySetException(refusal))
        {
            _ = _began.Task.Exception;
        }

        EndContext(null);
        Report(result);
        Log.Close();
    }

    /// <summary>Marks the context as read, or as invalid.</summary>
    public void EndContext(Exception? failure)
    {
        if (failure is null)
        {
            _contextRead.TrySetResult();
        }
        else if (_contextRead.TrySetException(failure))
        {
            _ = _contextRead.Task.Exception;
        }
    }
}
