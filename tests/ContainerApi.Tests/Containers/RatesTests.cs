using ContainerApi.Containers;

namespace ContainerApi.Tests.Containers;

public sealed class RatesTests
{
    private readonly FakeTimeProvider _time = new(Facts.Noon);
    private readonly RateHistory _memory;

    public RatesTests() => _memory = new RateHistory(_time);

    [Fact]
    public void The_first_sample_has_no_rate_and_the_second_has()
    {
        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(cpuMs: 100, received: 1000, sent: 500)));

        var rates = Read(Facts.Statistics(cpuMs: 600, received: 3000, sent: 600), after: 2000);

        Assert.Equal(new ContainerRates(1000, 50, 25, 2000), rates);
    }

    [Theory]
    [InlineData(50, 5000, 5000, 5000)]      // CPU time went back
    [InlineData(200, 10, 5000, 5000)]       // received bytes went back
    [InlineData(200, 5000, 10, 5000)]       // sent bytes went back
    [InlineData(200, 5000, 5000, 0)]        // written bytes went back
    public void A_counter_that_went_back_is_a_restart_and_has_no_rate_at_all(double cpuMs, long received, long sent, long written)
    {
        Read(Facts.Statistics(100, 1000, 500, written: 100));

        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(cpuMs, received, sent, written: written), after: 1000));
        // And what follows counts from the restart.
        Assert.Equal(1000, Read(Facts.Statistics(cpuMs + 100, received + 1000, sent, written: written), after: 1000).RxBytesPerSecond);
    }

    [Fact]
    public void Another_first_process_is_a_restart_even_where_every_counter_grew()
    {
        Read(Facts.Statistics(cpuMs: 10, received: 10, sent: 10), initPid: 100);

        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(), after: 1000, initPid: 200));
    }

    [Fact]
    public void A_network_that_was_joined_or_left_in_between_has_no_rate_but_cpu_has()
    {
        var two = new Dictionary<string, InterfaceCounters> { ["eth0"] = Facts.Counters(2000, 2000), ["eth1"] = Facts.Counters(9, 9) };
        Read(Facts.Statistics(cpuMs: 100));

        var rates = Read(Facts.Statistics(cpuMs: 200) with { Interfaces = two }, after: 1000);

        Assert.Null(rates.RxBytesPerSecond);
        Assert.Equal(10, rates.CpuPercent);
    }

    [Fact]
    public void However_often_it_is_read_the_window_is_never_too_small()
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
    [InlineData(3600)]      // the sample's clock was put forward
    [InlineData(-3600)]     // and back
    [InlineData(0.3)]       // the sample and its arrival are told by different clocks
    public void A_step_of_the_clock_does_not_change_a_rate(double stepSeconds)
    {
        var older = new RateSample(1, null, Facts.Statistics(received: 0, at: Facts.Noon));
        var newer = new RateSample(2, null, Facts.Statistics(received: 1000, at: Facts.Noon.AddSeconds(1 + stepSeconds)));

        Assert.Equal(1000, Rates.Between(older, newer, TimeSpan.FromSeconds(1)).RxBytesPerSecond);
    }

    [Fact]
    public void Where_the_clocks_agree_the_samples_own_time_counts()
    {
        var older = new RateSample(1, null, Facts.Statistics(received: 0, at: Facts.Noon));
        var newer = new RateSample(2, null, Facts.Statistics(received: 1000, at: Facts.Noon.AddSeconds(1)));

        Assert.Equal(1000, Rates.Between(older, newer, TimeSpan.FromSeconds(1.2)).RxBytesPerSecond);
    }

    [Fact]
    public void The_same_sample_twice_has_no_rate()
    {
        var sample = Facts.Statistics();

        Assert.Equal(ContainerRates.Unknown, Rates.Between(new RateSample(1, null, sample), new RateSample(2, null, sample), TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_container_that_stopped_starts_anew()
    {
        Read(Facts.Statistics());
        _memory.Forget("local", "a");

        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics(), after: 1000));
    }

    [Fact]
    public void What_nobody_read_for_long_is_forgotten()
    {
        Read(Facts.Statistics());
        _time.Advance(RateHistory.MaxWindow + TimeSpan.FromSeconds(1));
        _memory.RemoveExpired();

        Assert.Equal(ContainerRates.Unknown, Read(Facts.Statistics()));
    }

    [Fact]
    public void Equal_ids_on_two_engines_are_two_containers()
    {
        Read(Facts.Statistics());
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ContainerRates.Unknown, _memory.Record("other", "a", new RateSample(_time.GetTimestamp(), null, Facts.Statistics())));
    }

    /// <summary>Reads container <c>a</c>; the sample's own clock goes with ours.</summary>
    private ContainerRates Read(StatisticsFacts facts, int after = 0, int? initPid = null)
    {
        _time.Advance(TimeSpan.FromMilliseconds(after));
        return _memory.Record("local", "a", new RateSample(_time.GetTimestamp(), initPid, facts with { SampledAt = _time.GetUtcNow() }));
    }
}
