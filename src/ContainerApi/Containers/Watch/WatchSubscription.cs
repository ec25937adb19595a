using ContainerApi.Engine;

namespace ContainerApi.Containers.Watch;

/// <summary>A subscription to the events of one engine. It reconnects until its token is cancelled.</summary>
/// <param name="Tried">Completes with the first event, or the first failure.</param>
/// <param name="Ended">Completes when the token has ended the subscription.</param>
internal sealed record WatchSubscription(Task Tried, Task Ended)
{
    public static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <param name="happened">Called for every event, and after each end of the connection.</param>
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
                        // The next collection reports the state of the engine.
                    }

                    tried.TrySetResult();
                    happened();
                    await Task.Delay(RetryInterval, time, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                tried.TrySetResult();
            }
        }
    }
}
