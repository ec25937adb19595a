using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ContainerApi.Builds;

namespace ContainerApi.Tests.Builds;

/// <summary>What is seen of builds from outside. Every test has an engine of its own name: figures are of the whole process.</summary>
public sealed class BuildTelemetryTests : IDisposable
{
    private const string Image = "sha256:205312e33451ce9a371c6493573e41eb930be2f25d47ca067066aa96baf80d27";

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
    public async Task A_build_is_a_span_and_a_duration_with_its_engine_builder_and_outcome(string? failedStep, string outcome, ActivityStatusCode status)
    {
        await using var host = new BuildHost(TimeProvider.System);
        var engine = Engine((_, _, _) => Facts(failedStep is null ? new ImageBuilt(Image) : new BuildFailed("No.", failedStep, 1)));

        var run = host.Start(engine);
        await run.Work;

        var expected = new Dictionary<string, object?> { ["engine"] = _engine, ["builder"] = "classic", ["outcome"] = outcome };
        Assert.Equal(expected, Assert.Single(_durations).ToDictionary());
        var span = Assert.Single(_builds);
        Assert.Equal(("build", status), (span.OperationName, span.Status));
        Assert.Equal((run.Id, "classic", outcome),
            (span.GetTagItem("containerapi.build"), span.GetTagItem("containerapi.builder"), span.GetTagItem("containerapi.outcome")));
    }

    [Fact]
    public async Task Queued_and_running_builds_are_counted()
    {
        await using var host = new BuildHost(TimeProvider.System, new BuildOptions { StorePath = "", MaxConcurrent = 1 });
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var engine = Engine((_, _, _) => Facts(new ImageBuilt(Image), gate.Task));

        var working = host.Start(engine);
        var waiting = host.Start(engine);
        var leaving = host.Start(engine);
        Assert.Equal((2, 1), Queue());

        leaving.Stop(StopCause.ClientLeft);
        await leaving.Work;
        Assert.Equal((1, 1), Queue());
        Assert.Equal("client_left", Assert.Single(_durations)["outcome"]);

        gate.SetResult();
        await Task.WhenAll(working.Work, waiting.Work);
        Assert.Equal((0, 0), Queue());
    }

    [Fact]
    public async Task Build_metrics_are_exported_to_Prometheus()
    {
        await using var host = new ApiHost(Engine((_, _, _) => Facts(new ImageBuilt(Image))));
        using var body = new StringContent("FROM scratch\n", null, "text/x-dockerfile");
        using var built = await host.Client.PostAsync("/images/build?builder=classic", body);
        Assert.Contains("\"succeeded\"", await built.Content.ReadAsStringAsync());

        var figures = (await host.Client.GetStringAsync("/metrics")).Split('\n').Where(l => l.Contains($"engine=\"{_engine}\"")).ToList();

        Assert.Single(figures, l => l.StartsWith("containerapi_build_duration_seconds_count{") && l.Contains("builder=\"classic\"") && l.Contains("outcome=\"succeeded\""));
        Assert.Single(figures, l => l.StartsWith("containerapi_builds_waiting{"));
        Assert.Single(figures, l => l.StartsWith("containerapi_builds_working{"));
    }

    private (int Waiting, int Working) Queue() =>
        (_counts.GetValueOrDefault("containerapi.builds.waiting"), _counts.GetValueOrDefault("containerapi.builds.working"));

    private FakeEngine Engine(Func<BuildSpec, Stream, CancellationToken, IAsyncEnumerable<BuildFact>> build) => new()
    {
        Name = _engine,
        Build = build,
        InspectImage = (id, _) => Task.FromResult(new ImageDetails { Summary = new ImageFacts { Id = id, CreatedAt = null, SizeBytes = 1 } }),
    };

    private static async IAsyncEnumerable<BuildFact> Facts(BuildFact fact, Task? gate = null)
    {
        await (gate ?? Task.CompletedTask);
        yield return fact;
    }

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
