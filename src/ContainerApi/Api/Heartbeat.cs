using System.Runtime.CompilerServices;

namespace ContainerApi.Api;

/// <summary>The item that a stream sends after silence.</summary>
/// <param name="Create">Creates the item for the current time, after the last item if there was one.</param>
/// <param name="Interval">Returns the length of the silence.</param>
/// <param name="BeforeFirst">Whether a heartbeat may come before the first item.</param>
internal sealed record Heartbeat<T>(Func<T?, DateTimeOffset, T> Create, Func<TimeSpan> Interval, TimeProvider Time, bool BeforeFirst = false)
{
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(15);
}

internal static class HeartbeatExtensions
{
    public static async IAsyncEnumerable<T> WithHeartbeats<T>(
        this IAsyncEnumerable<T> items, Heartbeat<T> heartbeat, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var source = items.GetAsyncEnumerator(ending.Token);
        Task<bool>? next = null;
        T? last = default;
        try
        {
            for (var isFirst = true; ; isFirst = false)
            {
                next = source.MoveNextAsync().AsTask();
                while (!next.IsCompleted && (heartbeat.BeforeFirst || !isFirst))
                {
                    await ((Task)next).WaitAsync(heartbeat.Interval(), heartbeat.Time, cancellationToken)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    if (!next.IsCompleted)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        yield return heartbeat.Create(last, heartbeat.Time.GetUtcNow());
                    }
                }

                if (!await next)
                {
                    yield break;
                }

                last = source.Current;
                yield return last;
            }
        }
        finally
        {
            // An enumerator must not be disposed of while it moves.
            await ending.CancelAsync();
            await ((Task?)next ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await source.DisposeAsync();
        }
    }
}
