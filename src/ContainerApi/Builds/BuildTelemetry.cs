using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ContainerApi.Builds;

/// <summary>A span and a duration for each build, and the numbers of queued and running builds of each engine.</summary>
internal static class BuildTelemetry
{
    /// <summary>The name of the source and of the meter.</summary>
    public const string Name = "ContainerApi.Builds";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "containerapi.build.duration", "s", "Time from a build's request to its result, including its time in the queue.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200] });

    private static readonly UpDownCounter<int> Queued = Meter.CreateUpDownCounter<int>(
        "containerapi.builds.waiting", "{build}", "Number of queued builds.");

    private static readonly UpDownCounter<int> Running = Meter.CreateUpDownCounter<int>(
        "containerapi.builds.working", "{build}", "Number of running builds.");

    /// <param name="by">1 when a build enters the queue, -1 when it leaves it.</param>
    public static void Wait(string engine, int by) => Queued.Add(by, new KeyValuePair<string, object?>("engine", engine));

    /// <param name="by">1 when a build starts to run, -1 when it ends.</param>
    public static void Work(string engine, int by) => Running.Add(by, new KeyValuePair<string, object?>("engine", engine));

    public static Observation Begin(string id, string engine) => new(id, engine);

    /// <summary>One build, from its request to <see cref="End"/>.</summary>
    internal sealed class Observation(string id, string engine)
    {
        private readonly Activity? _span = Source.StartActivity("build");
        private readonly long _began = Stopwatch.GetTimestamp();

        /// <param name="builder">The builder, or the requested one when the build did not start.</param>
        /// <param name="outcome"><c>succeeded</c>, <c>client_left</c>, or the code of the failure.</param>
        public void End(string builder, string outcome)
        {
            Duration.Record(Stopwatch.GetElapsedTime(_began).TotalSeconds, new("engine", engine), new("builder", builder), new("outcome", outcome));
            if (_span is not null)
            {
                var succeeded = outcome == "succeeded";
                _span.SetTag("containerapi.build", id).SetTag("containerapi.engine", engine)
                    .SetTag("containerapi.builder", builder).SetTag("containerapi.outcome", outcome)
                    .SetStatus(succeeded ? ActivityStatusCode.Ok : ActivityStatusCode.Error, succeeded ? null : outcome);
                _span.Dispose();
            }
        }
    }
}
