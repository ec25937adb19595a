using System.Globalization;

namespace ContainerApi.Benchmarks;

/// <summary>The container picture on the real engine, beside the engine's own calls.</summary>
internal static class PictureBenchmarks
{
    private const int Clients = 64;
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(8);

    /// <summary>One call against the slowest one that it needs.</summary>
    public static async Task TwentyAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var service = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        await engine.StartContainersAsync(20);
        var times = await Measure.SideBySideAsync(15, 3,
            () => service.GetAsync("containers"),
            () => engine.StatisticsAsync(engine.Ids[0]),
            () => engine.TopAsync(engine.Ids[0]));
        var slowest = times[1].Median > times[2].Median ? times[1] : times[2];
        var ratio = times[0].Median / slowest.Median;
        report.Add("`GET /containers`, 20 running, engine source, against the slowest single engine call that it needs",
            $"{times[0]} against {slowest}", Report.Times(ratio), "at most 1.2 ×", ratio <= 1.2);
    }

    public static async Task FiftyAsync(Report report)
    {
        await using var engine = new EngineUnderTest();
        await using var host = await ServiceUnderTest.StartAsync(engine.EndpointText, "auto");
        await using var asking = await ServiceUnderTest.StartAsync(engine.EndpointText, "off");
        await engine.StartContainersAsync(50);

        var bounds = new[] { 4, 8, 16, 50 };
        var parallel = await Measure.SideBySideAsync(4, 1, [.. bounds.Select(b => (Func<Task>)(() => engine.NineFieldsAsync(b)))]);
        var best = bounds[Enumerable.Range(0, bounds.Length).MinBy(n => parallel[n].Median)];
        Console.Error.WriteLine("tops at once: " + string.Join(", ", bounds.Zip(parallel).Select(p => $"{p.First}: {p.Second}")));

        var pictures = await Measure.SideBySideAsync(15, 5,
            () => engine.NineFieldsAsync(best), () => host.GetAsync("containers"), () => asking.GetAsync("containers"));
        var fromHost = pictures[0].Median / pictures[1].Median;
        report.Add("live full picture, host source, against the fastest parallel calls to the engine's API",
            $"{pictures[1]} against {pictures[0]}", string.Create(CultureInfo.InvariantCulture, $"1/{fromHost:0.0}"), "at most 1/20", fromHost >= 20);
        var fromEngine = pictures[2].Median / pictures[0].Median;
        report.Add("live full picture, engine source, against the same", $"{pictures[2]} against {pictures[0]}", Report.Times(fromEngine), "at most 1.1 ×", fromEngine <= 1.1);

        var lists = await Measure.SideBySideAsync(300, 50, engine.ListAsync, () => host.GetAsync("containers?include=none"));
        var list = lists[1].Median / lists[0].Median;
        report.Add("`include=none` against the engine's own list", $"{lists[1]} against {lists[0]}", Report.Times(list), "at most 1.3 ×", list <= 1.3);

        var raw = await Measure.LoadAsync(Clients, Load, engine.ListAsync);
        var aged = await Measure.LoadAsync(Clients, Load, () => host.GetAsync("containers?maxAge=1"));
        var live = await Measure.LoadAsync(Clients, Load, () => host.GetAsync("containers"));
        report.Add($"{Clients} clients polling the full picture with `maxAge=1` against {Clients} on the engine's list",
            $"{PerSecond(aged.PerSecond)} against {PerSecond(raw.PerSecond)}", Report.Times(aged.PerSecond / raw.PerSecond), "at least 20 ×", aged.PerSecond >= 20 * raw.PerSecond);
        report.Add($"{Clients} clients polling live", $"{PerSecond(live.PerSecond)} against {PerSecond(raw.PerSecond)}",
            Report.Times(live.PerSecond / raw.PerSecond), "at least 3 ×", live.PerSecond >= 3 * raw.PerSecond);
        // Under load a sweep takes what it takes beside 64 answers; a client waits for the end of one sweep and then for its own.
        var sweeps = live.Latency.At(0.99) / live.Latency.Median * 2;
        report.Add($"{Clients} clients polling live, p99 of the waiting in sweeps (half the median wait)",
            string.Create(CultureInfo.InvariantCulture, $"p99 {live.Latency.At(0.99):0.0} ms, median {live.Latency.Median:0.0} ms"),
            string.Create(CultureInfo.InvariantCulture, $"{sweeps:0.0}"), "under 3", sweeps < 3);
    }

    private static string PerSecond(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate:0}/s");
}
