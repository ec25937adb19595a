using System.Runtime.CompilerServices;
using ContainerApi.Api;
using ContainerApi.Builds.History;

namespace ContainerApi.Builds;

/// <summary>Reads the events of a build until it ends. A slow reader costs nothing: the log keeps what it has not read.</summary>
internal sealed class BuildFollower(BuildStore store, TimeProvider time)
{
    /// <summary>
    /// The context of a waiting build is not read, so a disconnected client shows only when something is written to it.
    /// </summary>
    private static readonly TimeSpan QueuedHeartbeatInterval = TimeSpan.FromSeconds(5);

    public Heartbeat<LogBatch> CreateHeartbeat(BuildJob job) => new(
        at => LogBatch.Of(new HeartbeatEvent(at)),
        () => job.Describe().State == BuildState.Queued ? QueuedHeartbeatInterval : Heartbeat<LogBatch>.DefaultInterval,
        time,
        BeforeFirst: true);

    /// <summary>Returns the events from a number on, some at a time.</summary>
    public async IAsyncEnumerable<LogBatch> FollowAsync(BuildJob job, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = job.Log.Read(from);
            if (read.Grown is { } grown)
            {
                await grown.WaitAsync(cancellationToken);
            }
            else if (read.IsStored && store.Read(job.Id, from) is { } stored)
            {
                yield return new LogBatch(stored, null);
                from = stored.Next;
            }
            else if (read.IsStored)
            {
                var next = job.Log.FirstInMemory;
                yield return LogBatch.Of(new WarningEvent($"The events {from} to {next - 1} cannot be read.", null));
                from = next;
                if (job.IsEnded && next == job.Log.Count)
                {
                    yield return LogBatch.Of(job.Describe().ToResult());
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
}
