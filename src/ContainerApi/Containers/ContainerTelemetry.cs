using System.Diagnostics;
using System.Diagnostics.Metrics;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>What is seen from outside of the picture: a span and a duration for every sweep, and how many watch.</summary>
internal static class ContainerTelemetry
{
    /// <summary>The name of the source and of the meter.</summary>
    public const string Name = "ContainerApi.Containers";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "containerapi.sweep.duration", "s", "Time that one reading of the containers takes, from the first call to the last answer.",
        advice: EngineTelemetry.Seconds);

    private static readonly Histogram<int> Size = Meter.CreateHistogram(
        "containerapi.sweep.containers", "{container}", "How many containers one reading of them finds.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 10, 50, 100, 500, 1000, 5000] });

    /// <summary>Goes up and down with those who watch.</summary>
    public static readonly UpDownCounter<int> Watchers = Meter.CreateUpDownCounter<int>(
        "containerapi.watchers", "{watcher}", "How many clients watch the containers.");

    /// <summary>Runs a sweep and takes note of it.</summary>
    public static async Task<ContainerCollection> ObserveAsync(ContainerSections sections, Func<Task<ContainerCollection>> collect)
    {
        using var span = Source.StartActivity("sweep");
        span?.SetTag("containerapi.sections", sections.ToString());
        var began = Stopwatch.GetTimestamp();
        var outcome = "failed";
        try
        {
            var list = await collect();
            outcome = "ok";
            Size.Record(list.Rows.Count);
            span?.SetTag("containerapi.containers", list.Rows.Count);
            return list;
        }
        finally
        {
            Duration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));
            span?.SetStatus(outcome == "ok" ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
        }
    }
}
