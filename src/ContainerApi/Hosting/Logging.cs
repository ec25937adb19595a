using System.Reflection;
using ContainerApi.Api;
using Serilog;
using Serilog.Events;
using Serilog.Settings.Configuration;

namespace ContainerApi.Hosting;

/// <summary>Serilog, configured by the <c>Serilog</c> section; one line per request with its outcome.</summary>
internal static class Logging
{
    /// <summary>Named, because a search in the files of the program takes some 0.05 s of each start.</summary>
    private static readonly Assembly[] SinkAssemblies =
        [typeof(ConsoleLoggerConfigurationExtensions).Assembly, typeof(FileLoggerConfigurationExtensions).Assembly];

    public static void AddLogging(this WebApplicationBuilder builder) =>
        builder.Services.AddSerilog(
            (services, logger) => logger
                .ReadFrom.Configuration(builder.Configuration, new ConfigurationReaderOptions(SinkAssemblies))
                .ReadFrom.Services(services)
                .Enrich.With<VisibleLogText>()
                // StartupErrors reports these in one line without a stack trace.
                .Filter.ByExcluding(line => line.Exception is { } failure && StartupErrors.IsConfigurationError(failure)),
            // Serilog's static logger is one for the process: the end of one host would end the log of another.
            preserveStaticLogger: true);

    public static void UseRequestLogging(this WebApplication app) =>
        app.UseSerilogRequestLogging(options =>
        {
            options.Logger = app.Services.GetRequiredService<Serilog.ILogger>();
            options.MessageTemplate = "{RequestMethod} {RequestPath} {StatusCode} in {Elapsed:0.0} ms {Outcome:l}";
            options.GetMessageTemplateProperties = (context, path, elapsed, status) =>
            [
                new LogEventProperty("RequestMethod", new ScalarValue(context.Request.Method)),
                new LogEventProperty("RequestPath", new ScalarValue(path)),
                new LogEventProperty("StatusCode", new ScalarValue(status)),
                new LogEventProperty("Elapsed", new ScalarValue(elapsed)),
            ];
            options.EnrichDiagnosticContext = (log, context) => log.Set("Outcome", context.GetOutcome());
            options.GetLevel = (context, _, exception) =>
                exception is not null || context.Response.StatusCode >= 500 ? LogEventLevel.Error : LogEventLevel.Information;
        });
}
