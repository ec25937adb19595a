using System.Diagnostics.Metrics;

namespace ContainerApi.Hosting;

/// <summary>
/// The failures of tasks that nobody waits for. .NET lets them go without a word; here each is one line in the log and counted,
/// since each is a bug of this service.
/// </summary>
internal sealed partial class UnobservedExceptions(ILogger<UnobservedExceptions> logger) : IHostedService
{
    private static readonly Counter<long> Count = new Meter("ContainerApi.Hosting").CreateCounter<long>(
        "containerapi.unobserved.exceptions", "{exception}", "Failures of tasks that nobody waited for; each is a bug of this service.");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        TaskScheduler.UnobservedTaskException += Tell;
        // The figure is there before the first one.
        Count.Add(0);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        TaskScheduler.UnobservedTaskException -= Tell;
        return Task.CompletedTask;
    }

    private void Tell(object? sender, UnobservedTaskExceptionEventArgs e)
    {
        Count.Add(1);
        Log.Unobserved(logger, e.Exception);
        e.SetObserved();
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A task failed that nobody waited for")]
        public static partial void Unobserved(ILogger logger, Exception exception);
    }
}
