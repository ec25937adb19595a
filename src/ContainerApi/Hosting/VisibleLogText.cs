using ContainerApi.Api;
using Serilog.Core;
using Serilog.Events;

namespace ContainerApi.Hosting;

/// <summary>Escapes the texts of every log line: a caller, an engine or a container can write no line of its own into the log.</summary>
internal sealed class VisibleLogText : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        foreach (var (name, value) in logEvent.Properties.ToList())
        {
            if (value is ScalarValue { Value: string text } && VisibleText.ForLog(text) is var visible && visible != text)
            {
                logEvent.AddOrUpdateProperty(new LogEventProperty(name, new ScalarValue(visible)));
            }
        }
    }
}
