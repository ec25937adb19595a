using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ContainerApi.Tests;

/// <summary>The whole service with a recorded log, from level Debug.</summary>
internal sealed class RecordedLog(IReadOnlyDictionary<string, string?> settings, params IReadOnlyList<IEngine> engines) : ApiHost(settings, engines)
{
    private readonly LogRecorder _log = new();

    public IEnumerable<(string Category, LogLevel Level, string Message)> Lines => _log.Lines;

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        base.ConfigureWebHost(builder);
        builder.ConfigureTestServices(services => services.AddSingleton(_log.Factory));
    }
}

/// <summary>Records all log lines.</summary>
internal sealed class LogRecorder : ILoggerProvider
{
    public ConcurrentQueue<(string Category, LogLevel Level, string Message)> Lines { get; } = [];

    public ILoggerFactory Factory => new LoggerFactory([this], new LoggerFilterOptions { MinLevel = LogLevel.Debug });

    public IEnumerable<string> Warnings => Lines.Where(l => l.Level >= LogLevel.Warning).Select(l => l.Message);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogRecorder recorder, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            recorder.Lines.Enqueue((category, logLevel, formatter(state, exception) + exception));
    }
}
