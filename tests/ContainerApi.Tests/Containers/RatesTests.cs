using ContainerApi.Containers;

namespace ContainerApi.Tests.Containers;

public sealed class RatesTests
{
    private readonly FakeTimeProvider _time = new(Facts.Noon);
    private readonly RateHistory _history;

    public RatesTests() => _history = new RateHistory(_time);

    [Fact]
    public void First_sample_has_no_rate_and_the_second_has()
    {
        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(cpuMs: 100, received: 1000, sent: 500)));

        var rates = Read(Facts.Statistics(cpuMs: 600, received: 3000, sent: 600, written: 4096), after: 2000);

        Assert.Equal(new ContainerRates(1000, 50, 25, 0, 2048, 2000), rates);
    }

    [Theory]
    [InlineData(50, 5000, 5000, 5000)]      // CPU time went back
    [InlineData(200, 10, 5000, 5000)]       // received bytes went back
    [InlineData(200, 5000, 10, 5000)]       // sent bytes went back
    [InlineData(200, 5000, 5000, 0)]        // written bytes went back
    public void Smaller_counter_is_a_restart_without_rates(double cpuMs, long received, long sent, long written)
    {
        Read(Facts.Statistics(100, 1000, 500, written: 100));

        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(cpuMs, received, sent, written: written), after: 1000));
        // The next rate counts from the restart.
        Assert.Equal(1000, Read(Facts.Statistics(cpuMs + 100, received + 1000, sent, written: written), after: 1000).RxBytesPerSecond);
    }

    [Fact]
    public void Other_first_process_is_a_restart_though_counters_grew()
    {
        Read(Facts.Statistics(cpuMs: 10, received: 10, sent: 10), initPid: 100);

        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(), after: 1000, initPid: 200));
    }

    [Fact]
    public void Joined_network_has_no_rate_but_the_cpu_has()
    {
        var two = new Dictionary<string, InterfaceCounters> { ["eth0"] = Facts.Counters(2000, 2000), ["eth1"] = Facts.Counters(9, 9) };
        Read(Facts.Statistics(cpuMs: 100));

        var rates = Read(Facts.Statistics(cpuMs: 200) with { Interfaces = two }, after: 1000);

        Assert.Null(rates.RxBytesPerSecond);
        Assert.Equal(10, rates.CpuPercent);
    }

    [Fact]
    public void Window_of_frequent_reads_is_never_too_small()
    {
        Read(Facts.Statistics(received: 0));
        var windows = new List<long?>();
        for (var n = 1; n <= 100; n++)
        {
            windows.Add(Read(Facts.Statistics(received: n * 20), after: 20).WindowMs);
        }

        Assert.All(windows.Take(9), Assert.Null);
        Assert.All(windows.Skip(9), w => Assert.InRange(w!.Value, 200, 400));
    }

    [Theory]
    [InlineData(3600, 1)]      // the sample's clock was set forward
    [InlineData(-3600, 1)]     // the sample's clock was set back
    [InlineData(0.3, 1)]       // the latency differs
    [InlineData(0, 1.2)]       // the clocks agree: the sample's own time counts
    public void Step_of_the_clock_does_not_change_a_rate(double stepSeconds, double elapsedSeconds)
    {
        var older = new RateSample(1, null, Facts.Statistics(received: 0, at: Facts.Noon));
        var newer = new RateSample(2, null, Facts.Statistics(received: 1000, at: Facts.Noon.AddSeconds(1 + stepSeconds)));

        Assert.Equal(1000, Rates.Between(older, newer, TimeSpan.FromSeconds(elapsedSeconds)).RxBytesPerSecond);
    }

    [Fact]
    public void Same_sample_twice_has_no_rate()
    {
        var sample = Facts.Statistics();

        Assert.Equal(ContainerRates.Unknown, Rates.Between(new(1, null, sample), new(2, null, sample), TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData("stopped")]
    [InlineData("removed")]
    [InlineData("other engine")]
    public void Sample_after_a_stop_or_of_another_engine_has_no_rate(string change)
    {
        Read(Facts.Statistics());
        _time.Advance(TimeSpan.FromSeconds(1));
        if (change == "stopped")
        {
            _history.Forget("local", "a");
        }

        _history.ForgetOthers("local", change == "removed" ? ["b"] : ["a"]);

        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(), engine: change == "other engine" ? "other" : "local"));
    }

    [Theory]
    [InlineData(240, 245.0, false)]
    [InlineData(240, 60.0, true)]           // started between the samples
    [InlineData(240, null, false)]          // so near that counters tell
    [InlineData(86_400, 90_000.0, false)]
    [InlineData(86_400, 86_300.0, true)]
    [InlineData(86_400, null, true)]
    public void Samples_of_one_run_have_a_rate_however_far_apart(int seconds, double? age, bool isUnknown)
    {
        Read(Facts.Statistics(received: 0));

        _time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(seconds > 300, _history.NeedsAge("local", "a", _time.GetTimestamp()));
        var rates = Read(Facts.Statistics(received: seconds * 10L), age: age);

        Assert.Equal(isUnknown ? null : 10, rates.RxBytesPerSecond);
    }

    [Fact]
    public void Above_the_maximum_containers_that_were_read_longest_ago_are_forgotten()
    {
        for (var n = 0; n <= RateHistory.MaxContainers; n++)
        {
            Read(Facts.Statistics(received: 0), after: 1, id: "c" + n);
        }

        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(), after: 1000, id: "c0"));
        Assert.NotEqual(ContainerRates.Unknown, Read(Facts.Statistics(), after: 1000, id: "c" + RateHistory.MaxContainers));
    }

    /// <summary>Reads container <c>a</c>. The clocks of the sample and of the service agree.</summary>
    private ContainerRates Read(
        StatisticsFacts facts, int after = 0, int? initPid = null, string engine = "local", double? age = null, string id = "a")
    {
        _time.Advance(TimeSpan.FromMilliseconds(after));
        return _history.Record(engine, id, new RateSample(
            _time.GetTimestamp(), initPid, facts with { SampledAt = _time.GetUtcNow() }, age is null ? null : TimeSpan.FromSeconds(age.Value)));
    }
}
