using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>A subscription to what happens on one engine, made anew whenever it ends.</summary>
/// <param name="Tried">Done when it stands, or the engine is known to be away.</param>
/// <param name="Ended">Done when the token that it was started with has ended it.</param>
internal sealed record WatchSubscription(Task Tried, Task Ended)
{
    public static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(1);

    /// <param name="happened">Called for everything that happens, and whenever the subscription ends.</param>
    public static WatchSubscription Start(IEngine engine, TimeProvider time, Action happened, CancellationToken cancellationToken)
    {
        var tried = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new WatchSubscription(tried.Task, PumpAsync());

        async Task PumpAsync()
        {
            try
            {
                while (true)
                {
                    try
                    {
                        await foreach (var _ in engine.WatchContainersAsync(cancellationToken))
                        {
                            tried.TrySetResult();
                            happened();
                        }
                    }
                    catch (EngineException)
                    {
                        // The next read tells how the engine is.
                    }

                    tried.TrySetResult();
                    happened();
                    await Task.Delay(Reconnect, time, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                tried.TrySetResult();
            }
        }
    }
}
