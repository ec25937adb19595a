using System.Diagnostics;
using System.Diagnostics.Metrics;
using ContainerApi.Engine;

namespace ContainerApi.Containers;

/// <summary>Telemetry of container collections: a span and a duration for each, and the number of watchers.</summary>
internal static class ContainerTelemetry
{
    /// <summary>The name of the source and of the meter.</summary>
    public const string Name = "ContainerApi.Containers";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "containerapi.sweep.duration", "s", "Duration of one collection of the containers, from the first call to the last answer.",
        advice: EngineTelemetry.Seconds);

    private static readonly Histogram<int> Size = Meter.CreateHistogram(
        "containerapi.sweep.containers", "{container}", "Containers found by one collection.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 10, 50, 100, 500, 1000, 5000] });

    public static readonly UpDownCounter<int> Watchers = Meter.CreateUpDownCounter<int>(
        "containerapi.watchers", "{watcher}", "Clients that watch the containers.");

    /// <summary>Runs a collection and records it.</summary>
    public static async Task<ContainerCollection> ObserveAsync(ContainerSections sections, Func<Task<ContainerCollection>> collect)
    {
        using var span = Source.StartActivity("collection");
        span?.SetTag("containerapi.sections", sections.ToString());
        var started = Stopwatch.GetTimestamp();
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
            Duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));
            span?.SetStatus(outcome == "ok" ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
        }
    }
}
