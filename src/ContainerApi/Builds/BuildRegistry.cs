using System.Collections.Concurrent;
using ContainerApi.Api;
using ContainerApi.Api.Idempotency;
using ContainerApi.Builds.History;

namespace ContainerApi.Builds;

/// <summary>All builds: those that wait or run, and as many ended builds as the configuration keeps.</summary>
internal sealed class BuildRegistry(BuildStore store, BuildOptions options, IdempotencyKeys keys, TimeProvider time) : IHostedService
{
    /// <summary>Maximum size of the events of ended builds when no file keeps them.</summary>
    private const long MaxInMemory = 32 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, BuildJob> _jobs = [];

    /// <summary>Jobs whose deletion from the store has not finished.</summary>
    private readonly ConcurrentDictionary<string, BuildJob> _deleting = [];

    /// <summary>Loads the stored builds. A build that had not ended was interrupted.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var stored in store.Open())
        {
            var ended = stored.Build.State is BuildState.Queued or BuildState.Running ? await InterruptAsync(stored) : stored;
            _jobs[ended.Build.Id] = new BuildJob(ended, options.History, time, store);
        }

        keys.Load(store.LoadAnswers());
        Prune();
    }

    /// <summary>Waits for the builds that the shutdown stops, and closes the store.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_jobs.Values.Select(j => j.Work)).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await store.CloseAsync(_jobs.Values.Concat(_deleting.Values).Where(j => j.IsEnded).Select(j => j.Log.Written));
    }

    public BuildJob Open(string engine, IReadOnlyList<string> tags, string? startedBy, BuildFile? file)
    {
        Prune();
        var now = time.GetUtcNow();
        var build = new Build
        {
            Id = BuildId.New(now),
            State = BuildState.Queued,
            Engine = engine,
            Tags = tags,
            StartedBy = startedBy,
            CreatedAt = now,
        };
        var job = new BuildJob(build, new BuildLog(options.History, time, store)) { File = file };
        _jobs[job.Id] = job;
        return job;
    }

    /// <param name="exists">Whether the caller may see a build.</param>
    /// <returns>Null if there is no such build.</returns>
    public BuildJob? Find(string id, Func<Build, bool> exists)
    {
        Prune();
        return _jobs.TryGetValue(id, out var job) && exists(job.Describe()) ? job : null;
    }

    public IReadOnlyList<Build> List(Func<Build, bool> wanted)
    {
        Prune();
        return [.. _jobs.Values.Select(job => job.Describe()).Where(wanted)];
    }

    /// <summary>Deletes an ended build.</summary>
    public void Remove(BuildJob job)
    {
        if (_jobs.TryRemove(job.Id, out _))
        {
            _ = DeleteAsync(job);
        }
    }

    private async Task DeleteAsync(BuildJob job)
    {
        _deleting[job.Id] = job;
        await job.Log.DeleteAsync(job.Id);
        _deleting.TryRemove(job.Id, out _);
    }

    /// <summary>
    /// Removes ended builds that are too old, and those beyond the configured limits: each time the oldest build of the caller with the
    /// most builds or bytes, so that no caller removes the history of the others.
    /// </summary>
    private void Prune()
    {
        var history = options.History;
        var maxBytes = store.HasFile ? history.MaxBytes : Math.Min(history.MaxBytes, MaxInMemory);
        var oldest = time.GetUtcNow() - history.MaxAge;
        var owners = new Dictionary<string, Queue<BuildJob>>();
        var (count, bytes) = (0, 0L);
        foreach (var job in _jobs.Values.Where(j => j.IsEnded).OrderBy(j => j.Id, StringComparer.Ordinal))
        {
            var build = job.Describe();
            if ((build.FinishedAt ?? build.CreatedAt) < oldest)
            {
                Remove(job);
                continue;
            }

            var owner = build.StartedBy ?? "";
            (owners.TryGetValue(owner, out var jobs) ? jobs : owners[owner] = []).Enqueue(job);
            (count, bytes) = (count + 1, bytes + job.Log.Bytes);
        }

        while (count > history.MaxBuilds || bytes > maxBytes)
        {
            var most = count > history.MaxBuilds
                ? owners.Values.MaxBy(jobs => jobs.Count)!
                : owners.Values.MaxBy(jobs => jobs.Sum(j => j.Log.Bytes))!;
            var job = most.Dequeue();
            (count, bytes) = (count - 1, bytes - job.Log.Bytes);
            Remove(job);
        }
    }

    private async Task<StoredBuild> InterruptAsync(StoredBuild stored)
    {
        var error = new BuildError(BuildError.Interrupted, "The service ended while the build waited or ran.");
        var build = stored.Build with { State = BuildState.Interrupted, QueuePosition = null, Error = error };
        var result = build.ToResult() with { Seq = StreamEvents.SeqOf(build.EventCount), At = time.GetUtcNow() };
        // Every stream ends with a result, this one too.
        var line = JsonLines.Serialize<BuildEvent>(result);
        var ended = new StoredBuild(build with { EventCount = build.EventCount + 1 }, stored.Bytes + line.Length);
        await store.WriteAsync(ended, [new StoredLines(build.EventCount, build.EventCount + 1, line)]);
        return ended;
    }
}
