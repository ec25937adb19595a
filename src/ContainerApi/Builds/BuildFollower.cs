using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ContainerApi.Api;
using ContainerApi.Builds.History;

namespace ContainerApi.Builds;

/// <summary>Reads a build's events from one on until the build ends. A slow reader costs nothing: what it has not read is in the log.</summary>
internal sealed class BuildFollower(BuildStore store, TimeProvider time)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>While a build waits, its client may be one whose context nobody reads: that it left shows only when it is written to.</summary>
    private static readonly TimeSpan SilenceInQueue = TimeSpan.FromSeconds(5);

    /// <returns>Whole lines of JSON as they are sent, some at a time; a heartbeat after silence.</returns>
    public async IAsyncEnumerable<LogBatch> FollowAsync(
        BuildJob job, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = job.Log.Read(from);
            if (read.IsStored)
            {
                if (store.Read(job.Id, from) is { } stored)
                {
                    read = new LogRead(new LogBatch(stored, null), null, IsStored: false);
                }
                else
                {
                    var next = job.Log.FirstInMemory;
                    yield return ToBatch(new WarningEvent($"The events {from} to {next - 1} cannot be read.", null));
                    from = next;
                    if (job.IsEnded && next == job.Log.Count)
                    {
                        yield return ToBatch(job.Describe().ToResult());
                    }

                    continue;
                }
            }

            if (read.Grown is { } grown)
            {
                var silence = job.Describe().State == BuildState.Queued ? SilenceInQueue : Silence;
                if (!await EndsWithinAsync(grown, silence, cancellationToken))
                {
                    yield return ToBatch(new HeartbeatEvent(time.GetUtcNow()));
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

    private static LogBatch ToBatch(BuildEvent buildEvent) =>
        new(new StoredLines(0, 0, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(buildEvent, WireJson.Options) + "\n")), [buildEvent]);

    private async ValueTask<bool> EndsWithinAsync(Task task, TimeSpan span, CancellationToken cancellationToken)
    {
        await task.WaitAsync(span, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return task.IsCompleted;
    }
}
