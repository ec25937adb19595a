using ContainerApi.Containers;

namespace ContainerApi.Tests.Containers;

/// <summary>CPU usage and memory of processes: the samples, and the formats of their list.</summary>
public sealed class ProcessRatesTests
{
    private readonly FakeTimeProvider _time = new(Facts.Noon);
    private readonly ProcessRates _rates;

    public ProcessRatesTests() => _rates = new ProcessRates(_time);

    [Fact]
    public void Second_sample_has_the_usage_of_known_processes()
    {
        Assert.Null(Read(0, Process(7, 100), Process(9, 0)));

        Assert.Equal([25.0, null, 0.0], Read(2000, Process(7, 600), Process(8, 500), Process(9, 0)));
    }

    [Fact]
    public void Sample_after_less_than_the_minimum_is_compared_with_the_one_before()
    {
        Read(0, Process(7, 0));
        Read(1000, Process(7, 100));

        Assert.Equal([10.0], Read(100, Process(7, 110)));
    }

    [Fact]
    public void Process_with_another_start_or_less_time_is_another_process()
    {
        Read(0, Process(7, 100), Process(8, 100));

        Assert.Equal([null, null], Read(1000, Process(7, 200, started: 5), Process(8, 50)));
    }

    [Fact]
    public void Forgotten_container_and_the_engine_as_source_have_no_usage()
    {
        Read(0, Process(7, 100));
        _rates.Forget("local", Facts.Id('1'));

        Assert.Null(Read(1000, Process(7, 200)));
        Assert.Null(_rates.Record("local", Facts.Id('1'), Reading<IReadOnlyList<ProcessFacts>>.Ok(
            SectionSource.Engine, _time.GetUtcNow(), _time.GetTimestamp() + 1000, [Process(7, 300)])));
    }

    [Fact]
    public async Task Table_of_processes_is_ordered_by_usage_and_json_by_id()
    {
        var engine = Facts.Engine(Facts.Container('1'));
        var reads = 0;
        engine.ReadHost = (_, _, _) =>
        {
            var n = reads++;
            _time.Advance(TimeSpan.FromSeconds(1));
            var sample = new HostSample(
                _time.GetUtcNow(), [Process(7, 10) with { MemoryBytes = 4096 }, Process(8, 61_500 + (n * 500)), Process(9, n * 100)], null);
            return Task.FromResult<IReadOnlyDictionary<string, HostSample>>(new Dictionary<string, HostSample> { [Facts.Id('1')] = sample });
        };
        using var host = new ApiHost(null, _time, new Dictionary<string, string?>(), engine);
        await host.GetJsonAsync("/containers/c1/processes");

        var table = (await host.Client.GetStringAsync("/containers/c1/processes?format=table")).Split('\n');
        var json = (await host.GetJsonAsync("/containers/c1/processes")).GetProperty("items").EnumerateArray().ToList();
        var sorted = await host.Client.GetStringAsync("/containers/c1/processes?format=csv&sort=-pid");

        Assert.Equal(
            [
                "PID   PPID   USER   MEM    CPU %    TIME      COMMAND",
                "8     1      root   -      50.00%   1:02.00   sh",
                "9     1      root   -      10.00%   0:00.10   sh",
                "7     1      root   4KiB   0.00%    0:00.01   sh",
                "",
            ],
            table);
        Assert.Equal(["7", "8", "9"], json.At("pid"));
        Assert.Equal(["0", "50", "10"], json.At("cpuPercent"));
        Assert.Equal("4096", json[0].At("memoryBytes"));
        Assert.Equal(["pid", "9", "8", "7", ""], sorted.Split("\r\n").Select(l => l.Split(',')[0]));
    }

    private static ProcessFacts Process(int pid, double cpuMs, int started = 0) =>
        new(pid, 1, "root", Facts.Noon.AddSeconds(started), TimeSpan.FromMilliseconds(cpuMs), "sh");

    private IReadOnlyList<double?>? Read(int afterMs, params IReadOnlyList<ProcessFacts> processes)
    {
        _time.Advance(TimeSpan.FromMilliseconds(afterMs));
        return _rates.Record("local", Facts.Id('1'), Reading<IReadOnlyList<ProcessFacts>>.Ok(
            SectionSource.Host, _time.GetUtcNow(), _time.GetTimestamp(), processes));
    }
}
