using System.Diagnostics.CodeAnalysis;
using ContainerApi.Builds.History;

namespace ContainerApi.Builds;

/// <summary>Why a build is stopped before its end.</summary>
internal enum StopCause
{
    /// <summary>It took too long.</summary>
    Timeout,

    /// <summary>Its client left, and it is not detached.</summary>
    ClientLeft,

    /// <summary>Somebody asked for it.</summary>
    Cancelled,

    /// <summary>The service stops.</summary>
    Shutdown,
}

/// <summary>
/// One build: what it is, its events, and the way to stop it. It does not depend on any request: who started it and who
/// looks at it follow its log.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A source without a timer and without parents holds nothing to dispose of, and a build may be stopped at any time.")]
internal sealed class BuildJob
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _contextRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Build _build;
    private int _touched;

    public BuildJob(Build build, HistoryOptions options, TimeProvider time, Action<BuildJob> changed)
    {
        _build = build;
        Log = new BuildLog(options, time) { Changed = () => changed(this) };
    }

    /// <summary>A build that ended in an earlier life of the service.</summary>
    public BuildJob(StoredBuild stored, HistoryOptions options, TimeProvider time)
    {
        _build = stored.Build;
        Log = BuildLog.Restore(options, time, stored.Build.EventCount, stored.Bytes);
        _began.SetResult();
        _contextRead.SetResult();
    }

    public string Id => _build.Id;

    public BuildLog Log { get; }

    /// <summary>Cancelled when the build is to stop.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Why it is to stop; null while it is not.</summary>
    public StopCause? Cause { get; private set; }

    /// <summary>Ends with the first event, or with why there was none: the failure whose status belongs to the request.</summary>
    public Task Began => _began.Task;

    /// <summary>Ends when nobody reads the context any more, or with why it cannot be used.</summary>
    public Task ContextRead => _contextRead.Task;

    /// <summary>Ends with the build. Never fails.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    public bool IsEnded => _build.State is not (BuildState.Queued or BuildState.Running);

    public Build Describe()
    {
        lock (_lock)
        {
            return _build with { EventCount = Log.Count };
        }
    }

    /// <summary>Stops it; the first cause counts.</summary>
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

    /// <summary>Puts an event into the log, and what it says of the build into the build.</summary>
    public void Tell(BuildEvent told)
    {
        lock (_lock)
        {
            _build = told switch
            {
                QueuedEvent queued => _build with { QueuePosition = queued.Position },
                StartedEvent started => _build with { Builder = started.Builder },
                _ => _build,
            };
        }

        Log.Add(told);
        if (told is not LogEvent)
        {
            _began.TrySetResult();
        }
    }

    /// <summary>The engine is free for it.</summary>
    public void Admit(DateTimeOffset at)
    {
        lock (_lock)
        {
            _build = _build with { State = BuildState.Running, QueuePosition = null, StartedAt = at };
        }
    }

    /// <summary>Ends it. <paramref name="refusal"/>: why it never began, where that is so.</summary>
    public void End(ResultEvent result, DateTimeOffset at, Exception? refusal)
    {
        lock (_lock)
        {
            _build = _build with
            {
                State = result.Error is not { } error ? BuildState.Succeeded
                    : error.Code == BuildError.Cancelled ? BuildState.Cancelled
                    : BuildState.Failed,
                QueuePosition = null,
                ImageId = result.ImageId,
                EndedAt = at,
                DurationMs = result.DurationMs,
                Error = result.Error,
            };
        }

        // Whoever waits for the first event learns the refusal, and not that there was a result.
        if (refusal is not null && _began.TrySetException(refusal))
        {
            _ = _began.Task.Exception;
        }

        EndContext(null);
        Tell(result);
        Log.Close();
    }

    /// <summary>Nobody reads the context any more.</summary>
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

    /// <summary>Marks it as changed; false where it is already.</summary>
    public bool Touch() => Interlocked.Exchange(ref _touched, 1) == 0;

    /// <summary>What changes from now on is a change again.</summary>
    public void Untouch() => Volatile.Write(ref _touched, 0);
}
