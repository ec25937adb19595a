using System.Collections.Concurrent;
using ContainerApi.Engine;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ContainerApi.Tests;

/// <summary>The whole service with a recorded log, from level Debug.</summary>
internal sealed class RecordedLog(IReadOnlyDictionary<string, string?> settings, params IReadOnlyList<IEngine> engines)
    : WebApplicationFactory<Program>, ILoggerProvider
{
    public ConcurrentQueue<(string Category, LogLevel Level, string Message)> Lines { get; } = [];

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Builds:StorePath", "");
        foreach (var (name, value) in settings)
        {
            builder.UseSetting(name, value);
        }

        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton(new ConfiguredEngines(new EngineDirectory(engines)));
            services.AddSingleton<ILoggerFactory>(new LoggerFactory([this], new LoggerFilterOptions { MinLevel = LogLevel.Debug }));
        });
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => new Logger(this, categoryName);

    void IDisposable.Dispose()
    {
    }

    private sealed class Logger(RecordedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Lines.Enqueue((category, logLevel, formatter(state, exception) + exception));
    }
}
