using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ContainerApi.Builds;

namespace ContainerApi.Tests.Builds;

/// <summary>Metrics and spans belong to the whole process, so every test has an engine with its own name.</summary>
public sealed class BuildTelemetryTests : IDisposable
{
    private readonly string _engine = "engine-" + Guid.NewGuid().ToString("n")[..8];
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _spans;
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, object?>> _durations = new();
    private readonly ConcurrentQueue<Activity> _builds = new();

    public BuildTelemetryTests()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == BuildTelemetry.Name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) =>
        {
            if (Equals(Tag(tags, "engine"), _engine))
            {
                _counts.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
            }
        });
        _meters.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            if (Equals(Tag(tags, "engine"), _engine))
            {
                _durations.Enqueue(new Dictionary<string, object?>(tags.ToArray()));
            }
        });
        _meters.Start();
        _spans = new ActivityListener
        {
            ShouldListenTo = source => source.Name == BuildTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (Equals(span.GetTagItem("containerapi.engine"), _engine))
                {
                    _builds.Enqueue(span);
                }
            },
        };
        ActivitySource.AddActivityListener(_spans);
    }

    public void Dispose()
    {
        _meters.Dispose();
        _spans.Dispose();
    }

    [Theory]
    [InlineData(null, "succeeded", ActivityStatusCode.Ok)]
    [InlineData("RUN false", "step_failed", ActivityStatusCode.Error)]
    public async Task Build_is_a_span_and_a_duration_with_engine_builder_and_outcome(string? failedStep, string outcome, ActivityStatusCode status)
    {
        using var api = new BuildApi(engine: _engine);

        var lines = await api.RunAsync(
            "builder=classic", failedStep is null ? new ImageBuilt(BuildApi.Image) : new BuildFailed("No.", failedStep, 1));

        var expected = new Dictionary<string, object?> { ["engine"] = _engine, ["builder"] = "classic", ["outcome"] = outcome };
        Assert.Equal(expected, Assert.Single(_durations).ToDictionary());
        var span = Assert.Single(_builds);
        Assert.Equal(("build", status), (span.OperationName, span.Status));
        Assert.Equal((BuildApi.Text(lines[0], "buildId"), "classic", outcome),
            (span.GetTagItem("containerapi.build"), span.GetTagItem("containerapi.builder"), span.GetTagItem("containerapi.outcome")));
    }

    [Fact]
    public async Task Queued_and_running_builds_are_counted()
    {
        using var api = new BuildApi(new() { ["MaxConcurrent"] = "1" }, engine: _engine);
        var running = await api.StartAsync();
        using var waiting = await api.PostAsync("detach=true");
        using var leaving = await api.PostAsync("");
        Assert.Equal((2, 1), Queue());

        leaving.Dispose();
        await BuildApi.UntilAsync(() => Task.FromResult(Queue() == (1, 1)));
        await BuildApi.UntilAsync(() => Task.FromResult(!_durations.IsEmpty));
        Assert.Equal("client_left", Assert.Single(_durations)["outcome"]);

        running.Finish();
        (await api.NextAsync()).Succeed();
        await BuildApi.UntilAsync(() => Task.FromResult(Queue() == (0, 0)));
    }

    [Fact]
    public async Task Build_metrics_are_exported_to_Prometheus()
    {
        using var api = new BuildApi(engine: _engine);
        await api.RunAsync("builder=classic", new ImageBuilt(BuildApi.Image));

        var metrics = (await api.Client.GetStringAsync("/metrics")).Split('\n').Where(l => l.Contains($"engine=\"{_engine}\"")).ToList();

        Assert.Single(metrics, l => l.StartsWith("containerapi_build_duration_seconds_count{")
            && l.Contains("builder=\"classic\"") && l.Contains("outcome=\"succeeded\""));
        Assert.Single(metrics, l => l.StartsWith("containerapi_builds_waiting{"));
        Assert.Single(metrics, l => l.StartsWith("containerapi_builds_working{"));
    }

    private (int Waiting, int Working) Queue() =>
        (_counts.GetValueOrDefault("containerapi.builds.waiting"), _counts.GetValueOrDefault("containerapi.builds.working"));

    private static object? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var (key, value) in tags)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }
}
