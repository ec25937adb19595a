using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ContainerApi.Builds;

/// <summary>What is seen from outside of builds: a span and a duration each, and how many wait and work on each engine.</summary>
internal static class BuildTelemetry
{
    /// <summary>The name of the source and of the meter.</summary>
    public const string Name = "ContainerApi.Builds";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "containerapi.build.duration", "s", "Time from a build's request to its result, including its time in the queue.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200] });

    private static readonly UpDownCounter<int> Queue = Meter.CreateUpDownCounter<int>(
        "containerapi.builds.waiting", "{build}", "Number of queued builds.");

    private static readonly UpDownCounter<int> AtWork = Meter.CreateUpDownCounter<int>(
        "containerapi.builds.working", "{build}", "Number of running builds.");

    /// <param name="by">1 where one begins to wait, -1 where it waits no longer.</param>
    public static void Wait(string engine, int by) => Queue.Add(by, new KeyValuePair<string, object?>("engine", engine));

    /// <param name="by">1 where an engine begins to work at one, -1 where it has ended.</param>
    public static void Work(string engine, int by) => AtWork.Add(by, new KeyValuePair<string, object?>("engine", engine));

    public static Observation Begin(string id, string engine) => new(id, engine);

    /// <summary>One build, from its request to <see cref="End"/>.</summary>
    internal sealed class Observation(string id, string engine)
    {
        private readonly Activity? _span = Source.StartActivity("build");
        private readonly long _began = Stopwatch.GetTimestamp();

        /// <param name="builder">The one that built, or that was asked for where none began.</param>
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
