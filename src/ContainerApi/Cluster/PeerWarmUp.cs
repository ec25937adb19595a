namespace ContainerApi.Cluster;

/// <summary>Identifies the other replicas once after the start. The first connection of a process takes longer than a list may wait.</summary>
internal sealed class PeerWarmUp(PeerDirectory peers, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // The own listener answers, too.
        await using var registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(stoppingToken);
        await peers.WarmUpAsync(stoppingToken);
    }
}
