using System.Diagnostics.Metrics;

namespace ContainerApi.Hosting;

/// <summary>
/// Logs and counts the exceptions of tasks that no code awaits. .NET discards them silently, but each is a bug of this service.
/// </summary>
internal sealed partial class UnobservedExceptions(ILogger<UnobservedExceptions> logger) : IHostedService
{
    private static readonly Counter<long> Count = new Meter("ContainerApi.Hosting").CreateCounter<long>(
        "containerapi.unobserved.exceptions", "{exception}", "Exceptions of tasks that no code awaited; each is a bug of this service.");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        TaskScheduler.UnobservedTaskException += Report;
        // Prometheus sees the counter before the first exception.
        Count.Add(0);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        TaskScheduler.UnobservedTaskException -= Report;
        return Task.CompletedTask;
    }

    private void Report(object? sender, UnobservedTaskExceptionEventArgs e)
    {
        Count.Add(1);
        Log.Unobserved(logger, e.Exception);
        e.SetObserved();
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A task that no code awaited failed")]
        public static partial void Unobserved(ILogger logger, Exception exception);
    }
}
