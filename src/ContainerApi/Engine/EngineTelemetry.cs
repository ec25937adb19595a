using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ContainerApi.Engine;

/// <summary>Records a span and a duration for each call to an engine.</summary>
internal static class EngineTelemetry
{
    /// <summary>The name of the source and of the meter.</summary>
    public const string Name = "ContainerApi.Engine";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>Buckets in seconds, from a read of the host's kernel to a slow start.</summary>
    public static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly Histogram<double> Duration = new Meter(Name).CreateHistogram(
        "containerapi.engine.call.duration", "s", "Time from a call to an engine to the first byte of its answer.", advice: Seconds);

    /// <param name="path">The call's path without the version.</param>
    public static Call Begin(string engine, HttpMethod method, string path) => new(engine, $"{method} {OperationOf(path)}");

    /// <summary>Replaces names in the path, so that there are as many operations as the API has calls.</summary>
    internal static string OperationOf(string path)
    {
        var parts = path.Trim('/').Split('/');
        return parts switch
        {
            [var collection, "json" or "create" or "prune" or "load" or "search" or "get"] => $"/{collection}/{parts[1]}",
            // Calls on one object end with the call's name; an image's name may contain slashes.
            ["containers" or "images" or "networks" or "volumes" or "exec", _, .., var call] when parts.Length > 2 => $"/{parts[0]}/{{id}}/{call}",
            ["containers" or "images" or "networks" or "volumes" or "exec", _] => $"/{parts[0]}/{{id}}",
            _ => "/" + string.Join('/', parts),
        };
    }

    /// <summary>One call, until <see cref="End"/>.</summary>
    internal readonly struct Call(string engine, string operation)
    {
        private readonly Activity? _span = Source.StartActivity(operation, ActivityKind.Client);
        private readonly long _began = Stopwatch.GetTimestamp();

        /// <param name="outcome"><c>ok</c>, or the kind of failure.</param>
        public void End(string outcome)
        {
            Duration.Record(
                Stopwatch.GetElapsedTime(_began).TotalSeconds,
                new("engine", engine), new("operation", operation), new("outcome", outcome));
            if (_span is not null)
            {
                _span.SetTag("containerapi.engine", engine);
                _span.SetStatus(outcome == "ok" ? ActivityStatusCode.Ok : ActivityStatusCode.Error, outcome == "ok" ? null : outcome);
                _span.Dispose();
            }
        }
    }
}
