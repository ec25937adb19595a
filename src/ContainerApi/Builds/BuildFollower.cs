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
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> FollowAsync(
        BuildJob run, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = run.Log.Read(from);
            if (read.IsStored)
            {
                if (store.Read(run.Id, from) is { } stored)
                {
                    read = new LogRead(stored, null, IsStored: false);
                }
                else
                {
                    var next = run.Log.FirstInMemory;
                    yield return ToLine(new WarningEvent($"The events {from} to {next - 1} cannot be read.", null));
                    from = next;
                    if (run.IsEnded && next == run.Log.Count)
                    {
                        yield return ToLine(run.Describe().ToResult());
                    }

                    continue;
                }
            }

            if (read.Grown is { } grown)
            {
                var silence = run.Describe().State == BuildState.Queued ? SilenceInQueue : Silence;
                if (!await EndsWithinAsync(grown, silence, cancellationToken))
                {
                    yield return ToLine(new HeartbeatEvent(time.GetUtcNow()));
                }
            }
            else if (read.Lines.Lines.IsEmpty)
            {
                yield break;
            }
            else
            {
                yield return read.Lines.Lines;
                from = read.Lines.Next;
            }
        }
    }

    private static ReadOnlyMemory<byte> ToLine(BuildEvent told) => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(told, WireJson.Options) + "\n");

    private async ValueTask<bool> EndsWithinAsync(Task task, TimeSpan span, CancellationToken cancellationToken)
    {
        await task.WaitAsync(span, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return task.IsCompleted;
    }
}
