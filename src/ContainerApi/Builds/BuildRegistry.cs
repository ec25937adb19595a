using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using ContainerApi.Api;
using ContainerApi.Builds.History;

namespace ContainerApi.Builds;

/// <summary>Every build that there is: those at work, and of the past as many as the configuration keeps.</summary>
internal sealed class BuildRegistry(BuildStore store, BuildOptions options, TimeProvider time) : IHostedService
{
    /// <summary>How much of the past is kept in memory where no file keeps it, in bytes of events.</summary>
    private const long MaxInMemory = 32 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, BuildJob> _runs = [];

    /// <summary>Takes up the builds of earlier lives. One that was at work then was interrupted.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var stored in store.Open())
        {
            var run = stored.Build.State is BuildState.Queued or BuildState.Running ? Interrupt(stored) : new BuildJob(stored, options.History, time);
            _runs[run.Id] = run;
        }

        store.Begin();
        Prune();
        return Task.CompletedTask;
    }

    /// <summary>Waits for the builds that the service's end stops, and closes the store.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_runs.Values.Select(r => r.Work)).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await store.CloseAsync();
    }

    public BuildJob Open(string engine, IReadOnlyList<string> tags, string? startedBy = null)
    {
        Prune();
        var now = time.GetUtcNow();
        var run = new BuildJob(
            new Build { Id = BuildId.New(now), State = BuildState.Queued, Engine = engine, Tags = tags, StartedBy = startedBy, CreatedAt = now }, options.History, time, store.Touch);
        _runs[run.Id] = run;
        return run;
    }

    /// <param name="exists">Whether a build exists for who asks; null where nobody does.</param>
    /// <exception cref="ApiException">There is none of this id.</exception>
    public BuildJob Get(string id, Func<Build, bool>? exists = null)
    {
        Prune();
        return _runs.TryGetValue(id, out var run) && exists?.Invoke(run.Describe()) != false ? run : throw new ApiException(ErrorCode.BuildNotFound, $"There is no build '{id}'.");
    }

    /// <summary>A page of builds, the latest first.</summary>
    /// <param name="before">The last build of the page before this one.</param>
    public BuildList List(Func<Build, bool> wanted, string? before, int limit)
    {
        Prune();
        var found = _runs.Values
            .Where(run => before is null || string.CompareOrdinal(run.Id, before) < 0)
            .OrderByDescending(run => run.Id, StringComparer.Ordinal)
            .Select(run => run.Describe())
            .Where(wanted)
            .Take(limit + 1)
            .ToList();
        return found.Count > limit ? new BuildList(found[..limit], found[limit - 1].Id) : new BuildList(found, null);
    }

    /// <summary>Forgets a build that ended.</summary>
    public void Remove(BuildJob run)
    {
        if (_runs.TryRemove(run.Id, out _))
        {
            store.Remove(run.Id);
        }
    }

    /// <summary>Removes what the configuration does not keep, the oldest first.</summary>
    private void Prune()
    {
        var history = options.History;
        var mostBytes = store.HasFile ? history.MaxBytes : Math.Min(history.MaxBytes, MaxInMemory);
        var oldest = time.GetUtcNow() - history.MaxAge;
        var (count, bytes) = (0, 0L);
        foreach (var run in _runs.Values.Where(r => r.IsEnded).OrderByDescending(r => r.Id, StringComparer.Ordinal))
        {
            count++;
            bytes += run.Log.Bytes;
            var build = run.Describe();
            if (count > history.MaxBuilds || bytes > mostBytes || (build.EndedAt ?? build.CreatedAt) < oldest)
            {
                Remove(run);
            }
        }
    }

    private BuildJob Interrupt(StoredBuild stored)
    {
        var error = new BuildError("interrupted", "The service ended while the build waited or worked.", null, null);
        var build = stored.Build with { State = BuildState.Interrupted, QueuePosition = null, Error = error };
        var result = new ResultEvent(BuildOutcome.Failed, null, [], null, error) { Seq = build.EventCount };
        // Its stream ends as every stream does.
        var line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize<BuildEvent>(result, WireJson.Options) + "\n");
        var ended = new StoredBuild(build with { EventCount = build.EventCount + 1 }, stored.Bytes + line.Length);
        store.Append(ended, new StoredLines(build.EventCount, build.EventCount + 1, line));
        return new BuildJob(ended, options.History, time);
    }
}
